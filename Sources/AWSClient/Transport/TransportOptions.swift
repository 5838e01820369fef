/// What all transfers of a transport have in common.
struct TransportOptions: Sendable {
    /// What libcurl reads at once. A megabyte page takes a few reads, and an idle handle holds none.
    static let receiveBufferBytes = 128 << 10
    static let userAgent = "tablecast"

    let limits: AWSClientLimits
    /// A file of PEM certificates to trust instead of the system's.
    let certificateBundle: String?
}
