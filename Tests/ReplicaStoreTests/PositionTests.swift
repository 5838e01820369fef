import ReplicaStore
import Testing

@Suite struct PositionTests {
    @Test(
        "positions come back from their text",
        arguments: ["k3v2q7mz.0", "aaaaaaaa.1048576", "abcdefghij234.9999999999999999999"]
    )
    func roundTrip(text: String) {
        #expect(Position(text)?.description == text)
    }

    @Test(
        "anything but the exact form is refused",
        arguments: [
            "", ".", "aaaaaaaa", "aaaaaaaa.", ".1", "aaaaaaa.1", "aaaaaaaaaaaaaa.1", "AAAAAAAA.1", "aaaaaaaa.01",
            "aaaaaaaa.+1",
            "aaaaaaaa.-1", "aaaaaaaa.1 ", " aaaaaaaa.1", "aaaaaaaa.1.2", "aaaaaaaa.10000000000000000000", "aaaaaaa1.1",
            "aaaaaaaé.1", "k3v9q2mz.1",
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
