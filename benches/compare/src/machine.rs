//! What the figures were measured on.

use crate::{figures::median, shape::Random};
use anyhow::{Context, Result};
use std::{
    fs,
    hint::black_box,
    io::{Seek, SeekFrom, Write},
    path::Path,
    thread::available_parallelism,
    time::Instant,
};

/// The date and the machine, and the two speeds that nothing on it exceeds.
pub fn describe(folder: &Path) -> Result<String> {
    let cpu = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
    let memory = fs::read_to_string("/proc/meminfo")?;
    let memory = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")).context("no MemTotal")?;
    let kibibytes: f64 = memory.trim().trim_end_matches(" kB").parse()?;
    #[expect(clippy::disallowed_methods, reason = "the date of a run is that of the machine")]
    let now = chrono::Utc::now();
    Ok(format!(
        "{}; {}, {} cores, {:.0} GiB of memory, Linux {}. Memory is read at {:.1} GB/s by one core; a write of 4 KiB \
         is on the disk after {:.2} ms.",
        now.format("%Y-%m-%d"),
        model.trim_start_matches([' ', '\t', ':']),
        available_parallelism()?,
        kibibytes / f64::from(1 << 20),
        fs::read_to_string("/proc/sys/kernel/osrelease")?.trim(),
        memory_speed() / 1e9,
        sync_time(folder)? * 1e3,
    ))
}

/// Bytes a second of adding up an array that no cache holds.
fn memory_speed() -> f64 {
    const WORDS: u32 = 1 << 25;
    let mut random = Random::new(1);
    let words: Vec<u64> = (0..WORDS).map(|_| random.next()).collect();
    let times: Vec<f64> = (0..5)
        .map(|_| {
            let begun = Instant::now();
            black_box(black_box(&words).iter().fold(0_u64, |sum, word| sum.wrapping_add(*word)));
            begun.elapsed().as_secs_f64()
        })
        .collect();
    f64::from(WORDS) * 8.0 / median(&times)
}

fn sync_time(folder: &Path) -> Result<f64> {
    let mut file = fs::File::create(folder.join("sync"))?;
    let mut times = Vec::new();
    for _ in 0..100 {
        let begun = Instant::now();
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&[1; 4_096])?;
        file.sync_data()?;
        times.push(begun.elapsed().as_secs_f64());
    }
    Ok(median(&times))
}
