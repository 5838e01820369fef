import Testing

@testable import Compression

@Suite struct SharedDeflateTests {
    private let pieces = [rows(1), rows(16), noise(5000), rows(400)]
    private var blocks: [SharedDeflate.Block] { pieces.map { $0.withUnsafeBytes { SharedDeflate.block($0) } } }

    @Test("begins with the magic number of gzip")
    func header() { #expect(SharedDeflate.header.prefix(3) == [0x1F, 0x8B, 8]) }

    @Test("a stream may begin at any block and take the blocks in any order, each readable on arrival")
    func anyOrder() {
        for order in [[0, 1, 2, 3], [2, 3], [3, 0, 3, 1], []] {
            let decoder = Inflate()
            #expect(decoder.read(SharedDeflate.header) == [])
            var crc: UInt32 = 0
            var length: UInt32 = 0
            for index in order {
                let block = blocks[index]
                #expect(decoder.read(block.bytes) == pieces[index])
                crc = block.crc(after: crc)
                length &+= block.length
            }
            var trailer: [UInt8] = []
            SharedDeflate.appendTrailer(crc: crc, length: length, to: &trailer)
            #expect(decoder.read(trailer) == [])
            #expect(decoder.isEnded, "\(order)")
        }
    }

    @Test("the combined checksum is that of all bytes together")
    func combined() {
        var crc: UInt32 = 0
        for block in blocks { crc = block.crc(after: crc) }
        #expect(crc == Array(pieces.joined()).withUnsafeBytes { SharedDeflate.crc32($0, 0) })
        #expect(Array("123456789".utf8).withUnsafeBytes { SharedDeflate.crc32($0, 0) } == 0xCBF4_3926)
    }

    @Test("a wrong checksum or length is noticed by the reader")
    func damaged() {
        for (crc, length) in [(UInt32(1), pieces[0].count), (0, 0)] {
            var stream = SharedDeflate.header + blocks[0].bytes
            SharedDeflate.appendTrailer(crc: crc, length: UInt32(length), to: &stream)
            let decoder = Inflate()
            #expect(decoder.read(stream) == nil)
            #expect(!decoder.isEnded)
        }
    }
}
