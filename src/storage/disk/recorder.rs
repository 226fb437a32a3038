//! What the test of power cuts sees: the operations on the files of one folder, in their order. Each thread has its own list.

use std::{cell::RefCell, collections::BTreeMap, path::Path, path::PathBuf};

/// Which file it is, whatever it is called by now.
pub(super) type RecordedFile = usize;

/// An operation that was done. The names are those in the folder.
#[derive(Debug, Clone)]
pub(super) enum FileOperation {
    /// The file is empty; it may have been there before.
    Create(String, RecordedFile),
    Write(RecordedFile, u64, Vec<u8>),
    SetLength(RecordedFile, u64),
    Sync(RecordedFile),
    Rename(String, String),
    Remove(String),
    SyncFolder,
}

#[derive(Debug)]
struct Recorder {
    folder: PathBuf,
    names: BTreeMap<String, RecordedFile>,
    /// How many files there were.
    files: usize,
    operations: Vec<FileOperation>,
}

thread_local! {
    static RECORDER: RefCell<Option<Recorder>> = const { RefCell::new(None) };
}

/// Begins to record what this thread does in a folder with these files, of so many that there ever were; nothing is flushed
/// meanwhile.
pub(super) fn begin(folder: &Path, names: BTreeMap<String, RecordedFile>, files: usize) {
    RECORDER.set(Some(Recorder { folder: folder.to_owned(), names, files, operations: Vec::new() }));
}

/// Does something that isn't recorded, and goes on in another folder, into which the files of the one before were copied.
pub(super) fn move_to(folder: &Path, unrecorded: impl FnOnce()) {
    let recorder = RECORDER.take();
    unrecorded();
    RECORDER.set(recorder.map(|recorder| Recorder { folder: folder.to_owned(), ..recorder }));
}

/// How many operations there were.
pub(super) fn count() -> usize {
    with(|recorder| recorder.operations.len()).unwrap_or_default()
}

/// Ends recording.
pub(super) fn end() -> Vec<FileOperation> {
    RECORDER.take().map(|recorder| recorder.operations).unwrap_or_default()
}

pub(super) fn is_recording() -> bool {
    with(|_| ()).is_some()
}

fn with<T>(work: impl FnOnce(&mut Recorder) -> T) -> Option<T> {
    RECORDER.with_borrow_mut(|recorder| recorder.as_mut().map(work))
}

/// The name of a file of the folder; none if it is of another.
fn name_in(recorder: &Recorder, path: &Path) -> Option<String> {
    let name = path.file_name().filter(|_| path.parent() == Some(&recorder.folder));
    name.map(|name| name.to_string_lossy().into_owned())
}

/// A file was opened as it is.
pub(super) fn opened(path: &Path) -> Option<RecordedFile> {
    with(|recorder| name_in(recorder, path).and_then(|name| recorder.names.get(&name).copied())).flatten()
}

/// A file was made, or emptied.
pub(super) fn created(path: &Path) -> Option<RecordedFile> {
    let created = with(|recorder| {
        let name = name_in(recorder, path)?;
        let new = recorder.files;
        let number = *recorder.names.entry(name.clone()).or_insert(new);
        recorder.files += usize::from(number == new);
        recorder.operations.push(FileOperation::Create(name, number));
        Some(number)
    });
    created.flatten()
}

/// Something was done to a file that is open.
pub(super) fn changed(number: Option<RecordedFile>, operation: impl FnOnce(RecordedFile) -> FileOperation) {
    with(|recorder| recorder.operations.extend(number.map(operation)));
}

pub(super) fn renamed(from: &Path, to: &Path) {
    with(|recorder| {
        let Some((from, to)) = name_in(recorder, from).zip(name_in(recorder, to)) else { return };
        if let Some(number) = recorder.names.remove(&from) {
            recorder.names.insert(to.clone(), number);
            recorder.operations.push(FileOperation::Rename(from, to));
        }
    });
}

pub(super) fn removed(path: &Path) {
    with(|recorder| {
        let name = name_in(recorder, path).filter(|name| recorder.names.contains_key(name));
        recorder.names.retain(|other, _| Some(other) != name.as_ref());
        recorder.operations.extend(name.map(FileOperation::Remove));
    });
}

pub(super) fn synced_folder(path: &Path) {
    with(|recorder| {
        if path == recorder.folder {
            recorder.operations.push(FileOperation::SyncFolder);
        }
    });
}
