import Testing

@testable import Basics

@Suite struct HexTests {
    @Test("every byte has two digits, which read back in either case", arguments: UInt8.min...UInt8.max)
    func bytes(byte: UInt8) {
        let digits = Array(Hex.text([byte]).utf8)
        #expect(String(decoding: digits, as: UTF8.self) == Hex.text(byte, width: 2))
        #expect(digits.map(Hex.value) == [byte >> 4, byte & 15])
        let upper = [Hex.upperDigit(byte >> 4), Hex.upperDigit(byte & 15)]
        #expect(upper == Array(Hex.text([byte]).uppercased().utf8))
        #expect(upper.map(Hex.value) == [byte >> 4, byte & 15])
    }

    @Test("nothing else is a digit")
    func others() {
        let digits = (UInt8.min...UInt8.max).filter { Hex.value($0) != nil }
        #expect(String(decoding: digits, as: UTF8.self) == "0123456789ABCDEFabcdef")
    }

    @Test("numbers are padded and never cut")
    func numbers() {
        #expect(Hex.text(UInt64(0xAB), width: 4) == "00ab")
        #expect(Hex.text(UInt32(0x1_2345), width: 4) == "12345")
        #expect(Hex.text(0 as UInt) == "0")
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 17) { room in
            room.initialize(repeating: UInt8(ascii: "."))
            Hex.write(0x0123_4567_89AB_CDEF, to: room, at: 1)
            #expect(String(decoding: room, as: UTF8.self) == ".0123456789abcdef")
        }
    }
}
