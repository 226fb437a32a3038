//! Of the program's arguments, what its readers of records use.

#[path = "../../../src/bin/trackstats/arguments/by.rs"]
mod by;
#[path = "../../../src/bin/trackstats/arguments/object.rs"]
mod object;

pub(crate) use by::By;
pub(crate) use object::id_of;
