//! trackstats
mod error;
mod model;
mod encoding;
mod storage;

pub use error::{Error, Result};
pub use model::*;
pub use chrono;
