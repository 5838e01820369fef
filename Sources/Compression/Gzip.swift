/// gzip in one call (RFC 1952).
package enum Gzip {
    /// The compressed form of `bytes`.
    package static func compress(_ bytes: UnsafeRawBufferPointer) -> [UInt8] { fatalError("contract") }
}
