import Testing

@testable import Compression

@Suite struct GzipTests {
    @Test("a shared stream begins with the magic number of gzip")
    func header() { #expect(SharedDeflate.header.prefix(3) == [0x1F, 0x8B, 8]) }
}
