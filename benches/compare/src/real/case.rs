//! The programs that there are.

use super::{authors::Authors, flights::Flights, program::Program, till::Till, users::Users};
use clap::ValueEnum;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Case {
    Till,
    Flights,
    Users,
    Authors,
}

impl Case {
    /// What it is, in a sentence.
    pub fn title(self) -> &'static str {
        match self {
            Self::Till => {
                "Till: 12 products by 3 payments, by opening hour and by day, over two years; a part of the \
                 combinations is missing."
            }
            Self::Flights => {
                "Flights: 3 million in a year, by hour and by pair of 300 airports, 4,700 routes (Zipf)."
            }
            Self::Users => {
                "Users: 250,000 with a name of 8 to 12 characters, of one to four days each within a year."
            }
            Self::Authors => "Authors: 80,000 commits of 4,000 authors (Zipf) over 15 years, by day.",
        }
    }

    /// The program, or a part of it.
    pub fn program(self, scale: u32) -> Box<dyn Program> {
        match self {
            Self::Till => Box::new(Till::new(scale)),
            Self::Flights => Box::new(Flights::new(scale)),
            Self::Users => Box::new(Users::new(scale)),
            Self::Authors => Box::new(Authors::new(scale)),
        }
    }
}
