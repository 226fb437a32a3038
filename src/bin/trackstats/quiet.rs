//! What the program does beside its commands: a panic that goes no further says nothing, and a file that may not grow is an
//! error.

use std::{
    panic::{self, PanicHookInfo},
    path::Path,
};

/// Says nothing of the panics of sled, which the library makes errors of; all others are said as usual.
pub(crate) fn silence_contained_panics() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !is_contained(panic) {
            usual(panic);
        }
    }));
}

/// Whether the panic is in sled's own code: `.../sled-0.34.7/src/...`, or `.../sled/src/...` where it is vendored.
fn is_contained(panic: &PanicHookInfo<'_>) -> bool {
    let Some(place) = panic.location() else { return false };
    let mut before = "";
    for part in Path::new(place.file()).iter().filter_map(|part| part.to_str()) {
        if part == "src" && (before == "sled" || before.starts_with("sled-")) {
            return true;
        }
        before = part;
    }
    false
}

/// Lets a write beyond the limit on the size of files fail, rather than end the program.
#[cfg(unix)]
pub(crate) fn outlive_the_limit_on_files() {
    use signal_hook::{consts::SIGXFSZ, flag};
    // Any handler will do. Without one, the program ends as it would have anyway.
    let _ = flag::register(SIGXFSZ, std::sync::Arc::default());
}
