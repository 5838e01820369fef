import Testing

@testable import Following

/// Lines come out the same wherever the bytes are cut.
@Suite struct LineSplitterTests {
    private static func lines(of pieces: [[UInt8]], limit: Int = 100) throws -> (lines: [String], isInside: Bool) {
        var splitter = LineSplitter(limit: limit)
        var lines: [String] = []
        for piece in pieces {
            try piece.withUnsafeBytes { bytes in
                try splitter.receive(bytes) { lines.append(String(decoding: $0, as: UTF8.self)) }
            }
        }
        return (lines, splitter.isInside)
    }

    @Test func everyPairOfCutsGivesTheSameLines() throws {
        let bytes = Array("{\"a\":1}\n\n{\"b\":\"é\"}\nrest".utf8)
        for first in 0...bytes.count {
            for second in first...bytes.count {
                let pieces = [bytes[..<first], bytes[first..<second], bytes[second...]].map { Array($0) }
                let (lines, isInside) = try Self.lines(of: pieces)
                #expect(lines == ["{\"a\":1}", "", "{\"b\":\"é\"}"])
                #expect(isInside)
            }
        }
    }

    @Test func aLineThatEndsIsNotInside() throws {
        #expect(try !Self.lines(of: [Array("a\n".utf8)]).isInside)
        #expect(try !Self.lines(of: [[]]).isInside)
    }

    @Test func aLineOverTheLimitIsRefusedWhereverItIsCut() throws {
        let allowed = Array("1234\n".utf8)
        let tooLong = Array("12345\n".utf8)
        for cut in 0...allowed.count {
            let pieces = [Array(allowed[..<cut]), Array(allowed[cut...])]
            #expect(try Self.lines(of: pieces, limit: 4).lines == ["1234"])
        }
        for cut in 0...tooLong.count {
            #expect(throws: LineSplitter.LineTooLong(limit: 4)) {
                try Self.lines(of: [Array(tooLong[..<cut]), Array(tooLong[cut...])], limit: 4)
            }
        }
    }
}
