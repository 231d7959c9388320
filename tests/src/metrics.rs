//! A hub's metrics page, as a collector reads it.

use crate::site::{Site, free_address};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

/// Where the page is.
#[derive(Clone, Copy, Debug)]
pub struct MetricsPage(SocketAddr);

impl MetricsPage {
    /// Lets a hub that is set up and does not run yet serve the page.
    ///
    /// # Panics
    /// When its configuration can not be written.
    #[must_use]
    pub fn of(site: &Site) -> Self {
        let address = free_address();
        let configuration = File::options().append(true).open(site.configuration());
        writeln!(configuration.expect("a configuration"), "metrics_listen = \"{address}\"").expect("written");
        Self(address)
    }

    /// What a collector gets, status line and all.
    ///
    /// # Panics
    /// When the hub does not serve it.
    #[must_use]
    pub fn read(self) -> String {
        let mut socket = TcpStream::connect(self.0).expect("the page is served");
        let request = format!("GET /metrics HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.0);
        socket.write_all(request.as_bytes()).expect("a request is taken");
        let mut page = String::new();
        socket.read_to_string(&mut page).expect("the page is text");
        page
    }
}
