import Basics
import Glibc

/// Takes a request body off the connection, by Content-Length or chunk by chunk (RFC 9112 sections 6.2 and 7.1).
struct BodyDecoder {
    private enum Step: Equatable {
        case length(remaining: Int)
        case chunkSize
        case chunkData(remaining: Int)
        case chunkEnd
        case trailers
    }

    private var step: Step
    private var body: [UInt8] = []
    /// How far no line feed was found in an unfinished line.
    private var scanned = 0
    private var extensionBytes = 0
    private var trailerBytes = 0
    private var trailerCount = 0

    /// The bytes of the body that have come.
    var count: Int { body.count }

    init(length: Int) { step = .length(remaining: length) }
    init() { step = .chunkSize }

    /// Reads on in `input`, adds what it consumed to `consumed`, and returns the body once it is complete.
    mutating func decode(
        _ input: UnsafeBufferPointer<UInt8>,
        consumed: inout Int,
        limits: borrowing HTTPServerLimits
    ) throws(RequestRejection) -> [UInt8]? {
        var offset = 0
        defer { consumed += offset }
        while true {
            let rest = UnsafeBufferPointer(rebasing: input[offset...])
            switch step {
            case .length(let remaining):
                let count = min(remaining, rest.count)
                body.append(contentsOf: rest[..<count])
                offset += count
                if count == remaining { return body }
                step = .length(remaining: remaining - count)
                return nil
            case .chunkSize:
                guard let line = try takeLine(rest, &offset, limit: limits.chunkLineBytes) else { return nil }
                let size = try chunkSize(line, limits)
                step = size == 0 ? .trailers : .chunkData(remaining: size)
            case .chunkData(let remaining):
                let count = min(remaining, rest.count)
                body.append(contentsOf: rest[..<count])
                offset += count
                if count < remaining {
                    step = .chunkData(remaining: remaining - count)
                    return nil
                }
                step = .chunkEnd
            case .chunkEnd:
                guard rest.count > 0 else { return nil }
                guard rest[0] == ByteClass.carriageReturn, rest.count < 2 || rest[1] == ByteClass.lineFeed else {
                    throw RequestRejection(400, "a chunk's data is not followed by CRLF")
                }
                guard rest.count > 1 else { return nil }
                offset += 2
                step = .chunkSize
            case .trailers:
                guard let line = try takeTrailer(rest, &offset, limits) else { return nil }
                if line.count == 0 { return body }
                _ = try FramingFields.nameLength(line)
            }
        }
    }

    /// A complete line without its CRLF, or nil when it is not there yet.
    private mutating func takeLine(
        _ rest: UnsafeBufferPointer<UInt8>,
        _ offset: inout Int,
        limit: Int
    ) throws(RequestRejection) -> UnsafeBufferPointer<UInt8>? {
        guard let base = rest.baseAddress else { return nil }
        let found = memchr(base + scanned, Int32(ByteClass.lineFeed), rest.count - scanned)
        let end = found.map { UnsafeRawPointer($0) - UnsafeRawPointer(base) } ?? rest.count
        if end > limit + 1 { throw RequestRejection(400, "a line of the chunked body is too long") }
        guard found != nil else {
            scanned = rest.count
            return nil
        }
        guard end > 0, base[end - 1] == ByteClass.carriageReturn else {
            throw RequestRejection(400, "a line of the chunked body does not end in CRLF")
        }
        scanned = 0
        offset += end + 1
        return UnsafeBufferPointer(start: base, count: end - 1)
    }

    /// `1*HEXDIG [ chunk-ext ]`: no sign, prefix, or white space that no extension follows, which other parsers read differently.
    private mutating func chunkSize(
        _ line: UnsafeBufferPointer<UInt8>,
        _ limits: borrowing HTTPServerLimits
    ) throws(RequestRejection) -> Int {
        var size = 0
        var index = 0
        while index < line.count, let digit = Hex.value(line[index]) {
            guard size < Int.max >> 8 else { throw RequestRejection(400, "a chunk's size is too large to read") }
            size = size << 4 | Int(digit)
            index += 1
        }
        let rest = UnsafeBufferPointer(rebasing: line[index...])
        guard index > 0, rest.count == 0 || Self.mayBeginExtension(rest[0]) else {
            throw RequestRejection(400, "a chunk's size is not a hexadecimal number")
        }
        for byte in rest where !ByteClass.isFieldValue(byte) {
            throw RequestRejection(400, "a chunk extension holds a control character")
        }
        extensionBytes += line.count - index
        guard extensionBytes <= limits.chunkExtensionBytes else {
            throw RequestRejection(400, "the chunk extensions are too long")
        }
        guard ChunkExtensions.isValid(rest) else {
            throw RequestRejection(
                400,
                "a chunk extension is not a semicolon, a name, and = with a value if it has one"
            )
        }
        guard size <= limits.bodyBytes - body.count else { throw RequestRejection(413, "the body is too large") }
        return size
    }

    private static func mayBeginExtension(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ";") || byte == ByteClass.space || byte == ByteClass.tab
    }

    /// The next line of the trailer section. Trailers are checked and dropped, never merged into the head.
    private mutating func takeTrailer(
        _ rest: UnsafeBufferPointer<UInt8>,
        _ offset: inout Int,
        _ limits: borrowing HTTPServerLimits
    ) throws(RequestRejection) -> UnsafeBufferPointer<UInt8>? {
        let before = offset
        let room = limits.headBytes - trailerBytes
        guard let line = try takeTrailerLine(rest, &offset, room) else { return nil }
        trailerBytes += offset - before
        guard line.count > 0 else { return line }
        trailerCount += 1
        guard trailerCount <= limits.fieldCount else {
            throw RequestRejection(431, "the trailer section has too many fields")
        }
        return line
    }

    private mutating func takeTrailerLine(
        _ rest: UnsafeBufferPointer<UInt8>,
        _ offset: inout Int,
        _ room: Int
    ) throws(RequestRejection) -> UnsafeBufferPointer<UInt8>? {
        do throws(RequestRejection) {
            return try takeLine(rest, &offset, limit: room)
        } catch {
            // The one difference from a chunk line: too long is 431, as for fields of the head.
            let end = rest.firstIndex(of: ByteClass.lineFeed) ?? rest.count
            throw end > room + 1 ? RequestRejection(431, "the trailer section is too large") : error
        }
    }
}
