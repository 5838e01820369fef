import Basics
import Testing

@Suite struct ByteSetTests {
    private func members(_ set: ByteSet) -> [UInt8] { (UInt8.min...UInt8.max).filter(set.contains) }

    @Test("has the bytes that it was given, and the other one has the others")
    func bytes() {
        let set = ByteSet("a\u{E4}@\u{0}")
        #expect(members(set) == [0x00, 0x40, 0x61, 0xA4, 0xC3])
        #expect(members(set.inverted).count == 251)
        #expect(members(set.union(set.inverted)).count == 256)
        #expect(members(ByteSet("")).isEmpty)
    }

    @Test("the named sets hold what their names say")
    func named() {
        #expect(ByteSet.lowercase.containsAll(of: "az09") && !ByteSet.lowercase.containsAll(of: "A"))
        #expect(ByteSet.alphanumeric.containsAll(of: "azAZ09") && !ByteSet.alphanumeric.containsAll(of: "-"))
        #expect(ByteSet.name.containsAll(of: "a-Z_0.9") && !ByteSet.name.containsAll(of: "~"))
        #expect(ByteSet.unreserved.containsAll(of: "a-Z_0.9~") && !ByteSet.unreserved.containsAll(of: "\u{E4}"))
        #expect(members(.unreserved).count == 66)
    }
}
