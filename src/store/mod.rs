//! The store: its options and clocks, its changes, what is registered and stored in it.
//!
//! It uses all rooms above it, and is what trackers, queries, maintenance and exchange work on. The methods of
//! [`Store`] are where their subject is:
//!
//! | file | methods |
//! | --- | --- |
//! | `store/options` | `open`, `in_memory`, `options` |
//! | `store/handle` | `calendar`, `tz_version`, `path`, `flush`, `compact`, `made_anew` |
//! | `store/change` | `change`, `register`, `register_domain`, `record`, `record_missing`, `delete` |
//! | `store/delete` | `delete_metric`, `delete_domain` |
//! | `store/read` | `get`, `domains`, `metrics`, `metric`, `cursor` |
//! | `store/scan` | `scan`, `visit` |
//! | `store/today` | `now`, `today`, `parked` |
//! | `store/tracked` | `tracked` |
//! | `query/series` | `series` |
//! | `query/cohorts` | `cohorts` |
//! | `maintenance/verify` | `verify`, `verify_metric` |
//! | `maintenance/rebuild` | `rebuild` |
//! | `maintenance/recover` | `recover` |
//! | `maintenance/backup/write` | `backup`, `write_backup` |
//! | `maintenance/backup/read` | `restore`, `read_backup` |

mod beginning;
mod bulk;
mod bulk_load;
mod change;
mod clock;
mod delete;
mod flush;
#[cfg(test)]
mod golden;
mod guard;
mod handle;
mod options;
mod prefix;
mod read;
mod registry;
mod runs;
mod scan;
mod today;
mod tracked;

pub use crate::storage::{Compaction, MadeAnew};
pub(crate) use beginning::Beginning;
#[cfg(feature = "exchange")]
pub(crate) use bulk::Bulk;
pub(crate) use bulk_load::BulkLoad;
pub use change::Change;
pub use clock::{Clock, FixedClock, SystemClock};
pub use delete::Deletion;
pub use flush::Flush;
pub use guard::{ClockGuard, Implausible, Parked};
pub use handle::Store;
pub use options::Options;
pub(crate) use options::store_record;
pub use prefix::Prefix;
pub(crate) use registry::Registry;
pub use registry::{DomainInfo, MetricInfo};
pub(crate) use runs::Mark;
pub use scan::Scan;
pub(crate) use scan::{Statistics, Visitor, statistics};
pub(crate) use today::Today;
pub use tracked::TrackedInfo;
