import Testing

@testable import ReplicaStore

@Suite struct PositionTests {
    @Test(
        "positions come back from their text",
        arguments: [
            "k3v2q7mz.0", "aaaaaaaa.1048576", "abcdefghij234.9999999999999999999", "aaaaaaaa.0.aaaaaaa.0.0",
            "k3v2q7mzabcd.17.rlhrgv4.loyw4m2f.loyw4m2g",
            "abcdefghij234.9999999999999999999.7777777.zzzzzzzzz.zzzzzzzzz",
        ]
    )
    func roundTrip(text: String) {
        #expect(Position(text)?.description == text)
        #expect(text.utf8.count <= 64)
    }

    @Test("times beyond what nine digits say are written as the greatest that they can")
    func greatest() throws {
        let marks = Watermarks(stream: StreamTag(hash: .max), low: -5, high: .max)
        let position = Position(epoch: try #require(Epoch("abcdefghij234")), seq: 7, watermarks: marks)
        #expect(position.description == "abcdefghij234.7.7777777.0.zzzzzzzzz")
        #expect(Position(position.description)?.watermarks?.high == Watermarks.greatest)
    }

    private static func position(_ epoch: String, _ seq: UInt64, low: Int64, high: Int64, tag: UInt64 = 1) -> Position?
    {
        Epoch(epoch).map {
            let marks = Watermarks(stream: StreamTag(hash: tag), low: low, high: high)
            return Position(epoch: $0, seq: seq, watermarks: marks)
        }
    }

    @Test("a walk takes the earliest low and the latest high of its pages")
    func merged() throws {
        let one = try #require(Self.position("aaaaaaaa", 10, low: 100, high: 200))
        let later = try #require(Self.position("aaaaaaaa", 15, low: 150, high: 250))
        // Odd: a copy may have given the earlier one, so times decide.
        let merged = Self.position("aaaaaaaa", 10, low: 100, high: 251)
        #expect(one.merged(with: later) == merged)
        #expect(later.merged(with: one) == merged)
        #expect(merged?.merged(with: one) == merged)
        #expect(one.merged(with: one) == one)
        let other = try #require(Self.position("bbbbbbbb", 3, low: 90, high: 180))
        let both = one.merged(with: other)
        #expect(
            both
                == Position(
                    epoch: .several,
                    seq: 0,
                    watermarks: Watermarks(stream: StreamTag(hash: 1), low: 90, high: 200)
                )
        )
        #expect(both.merged(with: later) == other.merged(with: one.merged(with: later)))
        #expect(Position(both.description) == both)
    }

    @Test("a walk over replicas that cannot be compared starts over")
    func unmergeable() throws {
        let one = try #require(Self.position("aaaaaaaa", 10, low: 100, high: 200))
        let foreign = try #require(Self.position("bbbbbbbb", 3, low: 90, high: 180, tag: 2))
        #expect(one.merged(with: foreign) == Position(epoch: .several, seq: 0))
        let bare = Position(epoch: foreign.epoch, seq: 4)
        #expect(one.merged(with: bare) == Position(epoch: .several, seq: 0))
        #expect(bare.merged(with: Position(epoch: bare.epoch, seq: 9)) == bare)
    }

    @Test(
        "anything but the exact form is refused",
        arguments: [
            "", ".", "aaaaaaaa", "aaaaaaaa.", ".1", "aaaaaaa.1", "aaaaaaaaaaaaaa.1", "AAAAAAAA.1", "aaaaaaaa.01",
            "aaaaaaaa.+1",
            "aaaaaaaa.-1", "aaaaaaaa.1 ", " aaaaaaaa.1", "aaaaaaaa.1.2", "aaaaaaaa.10000000000000000000", "aaaaaaa1.1",
            "aaaaaaaé.1", "k3v9q2mz.1",
            "aaaaaaaa.1.aaaaaaa", "aaaaaaaa.1.aaaaaaa.1", "aaaaaaaa.1.aaaaaaa.1.2.3", "aaaaaaaa.1.aaaaaa.1.2",
            "aaaaaaaa.1.aaaaaaaa.1.2", "aaaaaaaa.1.aaaaaa1.1.2", "aaaaaaaa.1.AAAAAAA.1.2", "aaaaaaaa.1.aaaaaaa.01.2",
            "aaaaaaaa.1.aaaaaaa..2", "aaaaaaaa.1.aaaaaaa.1.", "aaaaaaaa.1.aaaaaaa.1.A", "aaaaaaaa.1.aaaaaaa.1.-2",
            "aaaaaaaa.1.aaaaaaa.1111111111.2", "aaaaaaaa.1.aaaaaaa.1.2.",
        ]
    )
    func refused(text: String) { #expect(Position(text) == nil) }

    @Test("random epochs are well formed and differ")
    func random() {
        let epochs = (0..<100).map { _ in Epoch.random() }
        for epoch in epochs { #expect(Epoch(epoch.text) == epoch) }
        #expect(Set(epochs).count == 100)
    }
}
