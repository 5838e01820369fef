import Basics

/// The place of a reader in the feed: `<epoch>.<seq>`, and where it is known `.<stream>.<low>.<high>` behind it (`Watermarks`).
///
/// The replica that made it resumes by `epoch` and `seq`, exactly. Another replica of the same stream places it by the watermarks. To
/// clients it is one opaque token of at most 64 characters of `a-z0-9.`.
package struct Position: Sendable, Hashable, CustomStringConvertible {
    /// The life of the contents that `seq` counts in.
    package let epoch: Epoch
    /// The number of the last change seen; 0 before the first.
    package let seq: UInt64
    /// The same place by the times of the stream; nil where it is not known, as in the two-part positions of older releases.
    package let watermarks: Watermarks?

    /// Names a position.
    package init(epoch: Epoch, seq: UInt64, watermarks: Watermarks? = nil) {
        self.epoch = epoch
        self.seq = seq
        self.watermarks = watermarks
    }

    /// Parses a position's text strictly; nil for anything else, leading zeros and overflow included.
    package init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 5, let epoch = Epoch(String(Substring(parts[0]))),
            let seq = Position.number(parts[1])
        else { return nil }
        var watermarks: Watermarks?
        if parts.count == 5 {
            watermarks = Watermarks(stream: parts[2], low: parts[3], high: parts[4])
            if watermarks == nil { return nil }
        }
        self.init(epoch: epoch, seq: seq, watermarks: watermarks)
    }

    private static func number(_ digits: Substring.UTF8View) -> UInt64? {
        // Nineteen digits always fit 64 bits.
        guard (1...19).contains(digits.count), digits.first != UInt8(ascii: "0") || digits.count == 1 else {
            return nil
        }
        var number: UInt64 = 0
        for digit in digits {
            let value = digit &- UInt8(ascii: "0")
            guard value < 10 else { return nil }
            number = number * 10 + UInt64(value)
        }
        return number
    }

    /// Appends the text.
    package func append(to output: inout [UInt8]) {
        output += epoch.text.utf8
        output.append(UInt8(ascii: "."))
        Digits.append(seq, to: &output)
        watermarks?.append(to: &output)
    }

    package var description: String {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: Walks over several replicas

    /// The position from which a reader continues who read to this one, and then a part of the contents as of `other`.
    ///
    /// In one epoch it is the earlier one, but the reader may hold states up to the later one. The two may be of the replica that the other is a
    /// copy of, and stamps of one second do not tell which is ahead: so its `high` is odd, as that of a reader from elsewhere
    /// (`StoreSnapshot.foreignHigh`). Where the two are of different
    /// replicas, no seq is exact: the epoch is then `Epoch.several`, which no replica has, so every replica goes by the watermarks. Those
    /// are missing where either lacks them, or where the streams differ: then the reader starts over.
    package func merged(with other: Position) -> Position {
        guard let mine = watermarks, let theirs = other.watermarks, mine.stream == theirs.stream else {
            return epoch == other.epoch
                ? Position(epoch: epoch, seq: min(seq, other.seq)) : Position(epoch: .several, seq: 0)
        }
        let high = max(mine.high, theirs.high)
        if epoch == other.epoch, epoch != .several {
            return Position(
                epoch: epoch,
                seq: min(seq, other.seq),
                watermarks: Watermarks(
                    stream: mine.stream,
                    low: min(mine.low, theirs.low),
                    high: high | ((mine.high | theirs.high) & 1) | (seq == other.seq ? 0 : 1)
                )
            )
        }
        return Position(
            epoch: .several,
            seq: 0,
            // Every replica takes it for one from elsewhere, without a mark.
            watermarks: Watermarks(stream: mine.stream, low: min(mine.low, theirs.low), high: high & ~1)
        )
    }
}
