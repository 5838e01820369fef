import Testing

@testable import Basics

@Suite struct PercentEncodingTests {
    @Test("a parameter's value keeps the unreserved characters alone")
    func unreserved() {
        #expect(
            PercentEncoding.encode("a-Z_0.~ /&=+%ä\"<>\r\n", keeping: .unreserved)
                == "a-Z_0.~%20%2F%26%3D%2B%25%C3%A4%22%3C%3E%0D%0A"
        )
    }

    @Test("other bytes may be kept")
    func kept() {
        let sent = ByteSet.unreserved.union(ByteSet("%/"))
        #expect(PercentEncoding.encode("/v1/items/a%2Fb>;\"", keeping: sent) == "/v1/items/a%2Fb%3E%3B%22")
        #expect(PercentEncoding.encode("/a b/ä?%#", keeping: ByteSet("%?#").inverted) == "/a b/ä%3F%25%23")
    }

    private func decoded(_ text: String, plusIsSpace: Bool = false) -> String {
        let bytes = Array(text.utf8).withUnsafeBufferPointer {
            PercentEncoding.decode($0, plusIsSpace: plusIsSpace)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("escapes of either case are decoded, and others stay")
    func decodes() {
        #expect(decoded("a%2Fb%2f%C3%A4+%") == "a/b/ä+%")
        #expect(decoded("%4%zz%4") == "%4%zz%4")
        #expect(decoded("a+b%2B", plusIsSpace: true) == "a b+")
        #expect(decoded("") == "")
    }

    @Test("what is encoded reads back", arguments: [ByteSet.unreserved, ByteSet(""), ByteSet("%").inverted])
    func roundTrip(kept: ByteSet) {
        let text = String(decoding: UInt8.min...UInt8.max, as: UTF8.self)
        #expect(decoded(PercentEncoding.encode(text, keeping: kept)) == text)
    }
}
