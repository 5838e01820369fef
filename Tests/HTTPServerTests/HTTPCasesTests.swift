import HTTPCases
import Testing

@testable import HTTPServer

/// The cases of `Tests/HTTPCases`, with the parser alone.
@Suite struct HTTPCasesTests {
    /// What a byte stream comes to.
    struct Reading: Equatable {
        var requests: [HTTPCase.Request] = []
        var rejection: Int?
    }

    private static func read(_ pieces: [ArraySlice<UInt8>]) -> Reading {
        let limits = HTTPServerLimits()
        var parser = RequestParser()
        var reading = Reading()
        var buffer: [UInt8] = []
        for piece in pieces {
            buffer += piece
            parsing: while !buffer.isEmpty {
                var consumed = 0
                let outcome = buffer.withUnsafeBufferPointer { parser.parse($0, consumed: &consumed, limits: limits) }
                buffer.removeFirst(consumed)
                switch outcome {
                case .incomplete: break parsing
                case .rejected(let rejection):
                    reading.rejection = rejection.status
                    return reading
                case .complete(let head, let body):
                    let request = HTTPRequest(head: head, body: body, peerAddress: "")
                    let target = request.isAsterisk ? "*" : request.rawPath + (request.rawQuery.map { "?" + $0 } ?? "")
                    reading.requests.append(
                        HTTPCase.Request(method: request.method.name, target: target, body: request.body)
                    )
                }
            }
        }
        return reading
    }

    @Test(
        "reads what a case says, the same whole, byte by byte and cut at every offset",
        arguments: CaseFile.all.filter { $0.scope == .all }
    )
    func parse(_ httpCase: HTTPCase) {
        let replies = httpCase.replies
        let expected = Reading(
            requests: replies.compactMap(\.request),
            rejection: replies.last.flatMap { $0.request == nil ? $0.status : nil }
        )
        let bytes = httpCase.bytes
        #expect(Self.read([bytes[...]]) == expected)
        let different = HTTPCase.cuts(bytes.count).first { Self.read([bytes[..<$0], bytes[$0...]]) != expected }
        #expect(different == nil, "cut there, it reads differently")
        guard bytes.count <= HTTPCase.cutEverywhere else { return }
        #expect(Self.read(bytes.indices.map { bytes[$0...$0] }) == expected, "byte by byte")
    }

    @Test(
        "M27: the parser asks for 100 Continue exactly where a case has one",
        arguments: CaseFile.all.filter { $0.scope == .all }
    )
    func interim(_ httpCase: HTTPCase) {
        var parser = RequestParser()
        var consumed = 0
        _ = httpCase.steps[0].bytes.withUnsafeBufferPointer {
            parser.parse($0, consumed: &consumed, limits: HTTPServerLimits())
        }
        #expect(parser.awaitsContinue == httpCase.steps[0].isInterim)
    }
}
