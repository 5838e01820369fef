@testable import HTTPServer

/// The chunked decoder: the same body however it is cut, and what it decoded decodes again when it is written anew.
struct ChunkedTarget: FuzzTarget {
    private enum Outcome: Equatable {
        case incomplete
        case body([UInt8], consumed: Int)
        case rejected(RequestRejection)
    }

    private let limits: HTTPServerLimits = {
        var limits = HTTPServerLimits()
        limits.bodyBytes = 200
        limits.chunkLineBytes = 24
        limits.chunkExtensionBytes = 40
        limits.headBytes = 100
        limits.fieldCount = 4
        return limits
    }()

    func run(_ bytes: UnsafeRawBufferPointer) {
        let whole = decode(bytes, pieces: [bytes.count])
        require(decode(bytes, pieces: Array(repeating: 1, count: bytes.count)) == whole, "byte by byte differs")
        for cut in cuts(bytes) {
            require(decode(bytes, pieces: [cut, bytes.count - cut]) == whole, "differs when cut at \(cut)")
        }
        guard case .body(let body, _) = whole else { return }
        require(body.count <= limits.bodyBytes, "a body over its limit")
        for size in [1, 7, max(1, body.count)] {
            var encoded: [UInt8] = []
            for start in stride(from: 0, to: body.count, by: size) {
                let chunk = body[start..<min(body.count, start + size)]
                encoded += Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + [13, 10]
            }
            encoded += "0\r\n\r\n".utf8
            let again = encoded.withUnsafeBytes { decode($0, pieces: [$0.count]) }
            require(again == .body(body, consumed: encoded.count), "what was decoded does not decode again")
        }
    }

    private func decode(_ bytes: UnsafeRawBufferPointer, pieces: [Int]) -> Outcome {
        var decoder = BodyDecoder()
        var input: [UInt8] = []
        var read = 0
        var consumed = 0
        for size in pieces {
            input += bytes[read..<read + size]
            read += size
            var used = 0
            do throws(RequestRejection) {
                let body = try decode(&decoder, input, &used)
                consumed += used
                if let body { return .body(body, consumed: consumed) }
            } catch {
                return .rejected(error)
            }
            input.removeFirst(used)
        }
        return .incomplete
    }

    private func decode(
        _ decoder: inout BodyDecoder,
        _ input: [UInt8],
        _ used: inout Int
    ) throws(RequestRejection) -> [UInt8]? {
        let result = input.withUnsafeBufferPointer { input in
            Result { () throws(RequestRejection) in try decoder.decode(input, consumed: &used, limits: limits) }
        }
        return try result.get()
    }
}
