//! The sketches of [`Distinct`] and those of Apache `DataSketches` for Python are the same bytes.

use super::{from_hex, hex, laws::merged};
use std::{
    env,
    io::Write,
    process::{Command, Stdio},
};
use trackstats::kinds::{Distinct, Item, OwnBytes};

/// Reads sketches in hexadecimal, one a line, with how many numbers and texts they have; writes the estimate and the bounds
/// of each, and the sketch that it makes of the same itself, in its two forms.
const SCRIPT: &str = r#"
import sys
from datasketches import hll_sketch, hll_union, tgt_hll_type
for line in sys.stdin:
    given, count = line.split()
    sketch = hll_sketch.deserialize(bytes.fromhex(given))
    own = hll_sketch(12, tgt_hll_type.HLL_8)
    for number in range(int(count)):
        own.update(number)
        own.update(f"item {number}")
    union = hll_union(12)
    union.update(own)
    union.update(sketch)
    united = union.get_result(tgt_hll_type.HLL_8)
    print(repr(sketch.get_estimate()), repr(sketch.get_lower_bound(2)), repr(sketch.get_upper_bound(2)),
          repr(own.get_composite_estimate() if hasattr(own, "get_composite_estimate") else 0.0),
          own.serialize_compact().hex(), own.serialize_updatable().hex(), united.serialize_compact().hex())
"#;

#[test]
fn apache_s_library_for_python_reads_our_sketches_and_we_read_its() {
    let python = env::var("TRACKSTATS_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let there = Command::new(&python).args(["-c", "import datasketches"]).stderr(Stdio::null()).status();
    if !there.is_ok_and(|status| status.success()) {
        println!("skipped: {python} has no module datasketches; name one that has in TRACKSTATS_PYTHON");
        return;
    }
    let sizes = [0_u32, 1, 3, 4, 12, 13, 24, 48, 96, 190, 192, 193, 1_000, 20_000];
    let set = |size: u32| {
        let texts: Vec<String> = (0..size).map(|number| format!("item {number}")).collect();
        let items = (0..size).map(Item::from).chain(texts.iter().map(Item::from)).map(Distinct::of);
        merged([Distinct::default()].into_iter().chain(items))
    };
    let sets: Vec<Distinct> = sizes.iter().map(|size| set(*size)).collect();
    let mut child = Command::new(&python)
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    for (set, size) in sets.iter().zip(sizes) {
        writeln!(input, "{} {size}", hex(&set.to_bytes())).unwrap();
    }
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the script failed");
    let output = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.lines().count(), sets.len());
    for ((line, set), size) in output.lines().zip(&sets).zip(sizes) {
        let fields: Vec<&str> = line.split(' ').collect();
        let number = |field: usize| fields[field].parse::<f64>().unwrap();
        let near = |a: f64, b: f64| (a - b).abs() <= b.abs() * 1e-9;
        assert!(
            near(number(0), set.estimate()),
            "the estimate of {size}: {} for {}",
            fields[0],
            set.estimate()
        );
        let (low, high) = set.bounds();
        assert!(near(number(1), low) && near(number(2), high), "the bounds of {size}");
        for (form, sketch) in fields.iter().enumerate().skip(4) {
            assert_eq!(
                Distinct::from_bytes(&from_hex(sketch)).as_ref().ok(),
                Some(set),
                "form {form} of {size}"
            );
        }
    }
    println!("{} sketches compared with those of {python}", sets.len());
}
