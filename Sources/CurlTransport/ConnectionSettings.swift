/// How a server is reached and spoken to.
package struct ConnectionSettings: Sendable, Hashable {
    /// Time to reach the server: name, TCP and TLS.
    package var connectTimeout: Duration
    /// A file of PEM certificates to trust instead of the system's.
    package var certificates: String?
    /// Speak HTTP/1.1 also where HTTP/2 is offered.
    package var isHTTP11Only = false
    /// Speak TLS 1.2 or newer; otherwise the system's configuration names the oldest version.
    package var isTLS12Required = false
    /// Ask for gzip, and decode it.
    package var isCompressed = false

    /// Settings that leave the version of HTTP and TLS to libcurl and the system.
    package init(connectTimeout: Duration, certificates: String? = nil) {
        self.connectTimeout = connectTimeout
        self.certificates = certificates
    }
}
