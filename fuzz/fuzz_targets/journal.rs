//! A store whose journal was changed, or is any bytes, is opened as it was after some change, or refused.
#![no_main]

#[path = "../damaged_store/mod.rs"]
mod damaged_store;

use damaged_store::{Damaged, Input, Template};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static TEMPLATE: LazyLock<Template> = LazyLock::new(Template::new);

fuzz_target!(|input: Input<'_>| TEMPLATE.run(Damaged::Journal, &input));
