import Testing

@testable import Compression

@Suite struct GzipTests {
    @Test(
        "what it compresses, zlib reads back byte for byte, whatever the size",
        arguments: [0, 1, 100, 65_535, 65_536, 65_537, 300_000]
    )
    func roundTrip(count: Int) {
        for bytes in [Array(rows(1 + count / 60).prefix(count)), noise(count)] {
            let decoder = Inflate()
            let compressed = bytes.withUnsafeBytes { Gzip.compress($0) }
            #expect(decoder.read(compressed) == bytes)
            #expect(decoder.isEnded)
        }
    }

    @Test("rows of JSON become a fifth of their size at most")
    func ratio() {
        let bytes = rows(1000)
        #expect(bytes.withUnsafeBytes { Gzip.compress($0) }.count < bytes.count / 5)
    }

    @Test("equal bytes compress to equal bytes, also after other work of the same compressor")
    func deterministic() {
        let bytes = rows(50)
        let first = bytes.withUnsafeBytes { Gzip.compress($0) }
        _ = noise(10_000).withUnsafeBytes { Gzip.compress($0) }
        #expect(bytes.withUnsafeBytes { Gzip.compress($0) } == first)
    }

    @Test("many threads at once disturb each other's work in nothing")
    func concurrent() async {
        let results = await withTaskGroup(of: Bool.self) { group in
            for index in 1...16 {
                group.addTask {
                    let bytes = rows(index * 37)
                    return Inflate().read(bytes.withUnsafeBytes { Gzip.compress($0) }) == bytes
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results == Array(repeating: true, count: 16))
    }
}
