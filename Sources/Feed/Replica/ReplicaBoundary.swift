/// The records at which a frame for followers ends, whatever frame it is.
///
/// Two followers that began their frames at different places end them at the same record soon, and share all frames from there on. So the
/// choice depends on the seq alone.
enum ReplicaBoundary {
    /// One record in so many ends a frame: about as many as `FeedLimits.frameBytes` hold of small items.
    private static let mask: UInt64 = 127

    /// Whether a frame ends at the record with this seq.
    static func ends(at seq: UInt64) -> Bool {
        // Neighbouring seqs are often written together, so the bits are mixed (the finalizer of MurmurHash3).
        var bits = seq
        bits = (bits ^ (bits >> 33)) &* 0xff51_afd7_ed55_8ccd
        bits = (bits ^ (bits >> 33)) &* 0xc4ce_b9fe_1a85_ec53
        return (bits ^ (bits >> 33)) & mask == 0
    }
}
