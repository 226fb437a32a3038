//! How far the reading has come.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressFinish, ProgressStyle};

/// A count of the bytes read. It is drawn only where stderr is a terminal, and gone at the end, also of a run that fails.
pub(crate) fn progress(bytes: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10))
        .with_finish(ProgressFinish::AndClear);
    style(&bar, "{spinner} {bytes}, {binary_bytes_per_sec}");
    if let Some(bytes) = bytes {
        measure(&bar, bytes);
    }
    bar
}

/// Makes a bar of the count, now that it is known how many bytes there are.
pub(crate) fn measure(bar: &ProgressBar, bytes: u64) {
    style(bar, "{wide_bar} {bytes} of {total_bytes}, {binary_bytes_per_sec}, {eta} left");
    bar.set_length(bytes);
}

/// The templates above are right; were they not, the bar would only look different.
fn style(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}
