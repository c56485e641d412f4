//! The running host attacked from outside, as a hostile or merely unlucky client, source, tenant or operator would; and what others notice.

mod backlog;
mod connections;
mod disk;
mod host_faults;
mod jobs;
mod keys;
mod logs;
mod memory;
mod processing;
mod receivers;
