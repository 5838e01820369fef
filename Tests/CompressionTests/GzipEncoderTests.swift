import Testing

@testable import Compression

@Suite struct GzipEncoderTests {
    @Test("everything appended can be read at once, and the end checks")
    func pieces() {
        let encoder = GzipEncoder()
        let decoder = Inflate()
        for (index, piece) in [rows(3), [], [0], noise(70_000), rows(2000)].enumerated() {
            var output: [UInt8] = []
            piece.withUnsafeBytes { encoder.append($0, to: &output) }
            #expect(decoder.read(output) == piece, "piece \(index)")
        }
        var end: [UInt8] = []
        encoder.finish(into: &end)
        #expect(!decoder.isEnded)
        #expect(decoder.read(end) == [])
        #expect(decoder.isEnded)
    }

    @Test("begins with the ten bytes of a header, once")
    func header() {
        let encoder = GzipEncoder()
        var output: [UInt8] = []
        encoder.append(UnsafeRawBufferPointer(start: nil, count: 0), to: &output)
        #expect(output == SharedDeflate.header)
        encoder.append(UnsafeRawBufferPointer(start: nil, count: 0), to: &output)
        #expect(output.count == 10)
    }

    @Test("an empty stream is a stream")
    func empty() {
        var output: [UInt8] = []
        GzipEncoder().finish(into: &output)
        let decoder = Inflate()
        #expect(decoder.read(output) == [])
        #expect(decoder.isEnded)
    }
}
