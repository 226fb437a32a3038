//! Ctrl-C and its like: a command that would leave something by half comes to its end in order, and says what is there.

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};
use std::{
    fmt,
    io::{self, Read, Write},
    iter,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::Duration,
};
use trackstats::error::Unreadable;

/// How often a command that waits for standard input looks whether it is to end.
const INTERVAL: Duration = Duration::from_millis(50);

/// Whether a command is to end.
#[derive(Debug, Clone)]
pub(crate) struct Stop {
    /// The signal that came; 0 for none.
    signal: Arc<AtomicUsize>,
    /// What the command was doing was cut short for it.
    cut_short: Arc<AtomicBool>,
}

/// A command was ended by a signal.
#[derive(Debug)]
pub(crate) struct Stopped {
    signal: u8,
    /// What is there now.
    what: String,
}

impl Stopped {
    /// As shells have it.
    pub(crate) fn exit_code(&self) -> u8 {
        128 + self.signal
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stopped; {}", self.what)
    }
}

impl std::error::Error for Stopped {}

impl Stop {
    /// Lets the first signal end the command in order, and the second one at once.
    pub(crate) fn listen() -> io::Result<Self> {
        let stop = Self { signal: Arc::default(), cut_short: Arc::default() };
        let again = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            let number = usize::try_from(signal).unwrap_or_default();
            // In this order, so that it isn't the first one that finds `again` to be set.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&again))?;
            flag::register(signal, Arc::clone(&again))?;
            flag::register_usize(signal, Arc::clone(&stop.signal), number)?;
        }
        Ok(stop)
    }

    /// Whether what is being done is to be cut short.
    fn cuts_short(&self) -> bool {
        let stops = self.signal.load(Ordering::Relaxed) != 0;
        if stops {
            self.cut_short.store(true, Ordering::Relaxed);
        }
        stops
    }

    fn check(&self) -> io::Result<()> {
        if self.cuts_short() { Err(io::Error::other("it was stopped")) } else { Ok(()) }
    }

    /// What a command has come to, if a signal came: these say what is there when it was cut short, and when it was done
    /// before that.
    pub(crate) fn outcome(
        &self,
        outcome: anyhow::Result<()>,
        cut_short: impl Into<String>,
        done: impl Into<String>,
    ) -> anyhow::Result<()> {
        let signal = u8::try_from(self.signal.load(Ordering::Relaxed)).unwrap_or_default();
        let what = match &outcome {
            _ if signal == 0 => return outcome,
            Ok(()) => done.into(),
            Err(_) if self.cut_short.load(Ordering::Relaxed) => cut_short.into(),
            Err(_) => return outcome,
        };
        Err(Stopped { signal, what }.into())
    }

    /// Records, up to a signal. What has ended because of one isn't taken for the end: in a pipe, Ctrl-C ends the writer too.
    pub(crate) fn records<R>(
        &self,
        mut records: impl Iterator<Item = Result<R, Unreadable>>,
    ) -> impl Iterator<Item = Result<R, Unreadable>> {
        let stop = self.clone();
        iter::from_fn(move || match records.next() {
            _ if stop.cuts_short() => Some(Err(Unreadable::Stop("it was stopped".to_owned()))),
            next => next,
        })
    }

    /// What is read or written, up to a signal.
    pub(crate) fn cutting<T>(&self, stream: T) -> Cutting<T> {
        Cutting { stream, stop: self.clone() }
    }

    /// Standard input, up to a signal, also while nothing comes.
    pub(crate) fn stdin(&self) -> Cutting<Input> {
        let (give, chunks) = mpsc::sync_channel(4);
        thread::spawn(move || {
            let mut stdin = io::stdin().lock();
            loop {
                let mut bytes = vec![0; 1 << 16];
                let read = stdin.read(&mut bytes).map(|read| {
                    bytes.truncate(read);
                    bytes
                });
                let is_last = !matches!(&read, Ok(bytes) if !bytes.is_empty());
                if give.send(read).is_err() || is_last {
                    return;
                }
            }
        });
        self.cutting(Input { chunks, chunk: io::Cursor::default(), stop: self.clone() })
    }
}

/// A stream that fails once the command is to end.
#[derive(Debug)]
pub(crate) struct Cutting<T> {
    stream: T,
    stop: Stop,
}

impl<R: Read> Read for Cutting<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(bytes);
        self.stop.check().and(read)
    }
}

impl<W: Write> Write for Cutting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stop.check()?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// What another thread reads: a read that waits goes on after a signal.
#[derive(Debug)]
pub(crate) struct Input {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: io::Cursor<Vec<u8>>,
    stop: Stop,
}

impl Read for Input {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.chunk.read(bytes)?;
            if read > 0 || bytes.is_empty() {
                return Ok(read);
            }
            match self.chunks.recv_timeout(INTERVAL) {
                Ok(chunk) => self.chunk = io::Cursor::new(chunk?),
                Err(RecvTimeoutError::Timeout) => self.stop.check()?,
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
            }
        }
    }
}
