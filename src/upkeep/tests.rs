//! Damage that cannot be made through the public interface.
