//! What a place for a program's statistics has to do.

use super::program::{Point, Program};
use crate::engine::Sum;
use anyhow::Result;

/// How many objects a top list has.
pub const TOP: u32 = 10;

pub trait Store {
    /// Writes new statistics as one change. They are on the disk when it returns.
    fn write(&mut self, program: &dyn Program, points: &[Point]) -> Result<()>;

    /// Reads every statistic with the names of its object, and adds them up.
    fn list(&self, sum: &mut Sum) -> Result<()>;

    /// Adds up the values of the objects that have the most in all, the number of their place beside each.
    fn top(&self, program: &dyn Program, sum: &mut Sum) -> Result<()>;

    /// Rewrites the store into less space.
    fn compact(&mut self) -> Result<()>;

    fn close(self: Box<Self>) -> Result<()>;
}
