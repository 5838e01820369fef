import TableModel
import Testing

@Suite struct SequenceNumberTests {
    @Test("numbers order by value, whatever their length or leading zeros")
    func order() throws {
        let ascending = try [
            "0", "1", "9", "10", "000000000000000000011", "999999999999999999999", "1000000000000000000000",
            "49590338271490256608559692538361571095921575989136588898",
        ].map { try #require(SequenceNumber($0)) }
        for (leftIndex, left) in ascending.enumerated() {
            for (rightIndex, right) in ascending.enumerated() {
                #expect((left < right) == (leftIndex < rightIndex))
                #expect((left == right) == (leftIndex == rightIndex))
            }
        }
    }

    @Test("equal values are equal and hash alike, and keep the digits they came with")
    func equality() throws {
        let padded = try #require(SequenceNumber("007"))
        let plain = try #require(SequenceNumber("7"))
        #expect(padded == plain)
        #expect(padded.hashValue == plain.hashValue)
        #expect(!(padded < plain) && !(plain < padded))
        #expect(padded.text == "007" && padded.description == "007")
        #expect(SequenceNumber("0") == SequenceNumber("000"))
    }

    @Test("anything but decimal digits is refused", arguments: ["", "+1", "-1", "1.0", "1e3", " 1", "1 ", "0x1", "１２"])
    func refused(text: String) { #expect(SequenceNumber(text) == nil) }
}
