import Basics
import CZlib
import Compression
import HTTPServer
import ItemQuery
import ReplicaStore
import ServiceTools
import TableModel
import Testing

@testable import API

@Suite struct ExportBodyTests {
    private func snapshot(items: Int) throws -> StoreSnapshot {
        let writer = GenerationWriter(
            epoch: try #require(Epoch("aaaaaaaa")),
            keySchema: ServiceFixture.composite,
            limits: StoreLimits()
        )
        for number in 0..<items {
            let item = Item([
                "pk": .string("p"), "sk": .number("\(number)"), "v": .string(String(repeating: "v", count: 50)),
            ])
            let key = try item.packed.withUnsafeBytes { try PackedItem.key(of: $0, schema: ServiceFixture.composite) }
            #expect(writer.apply(Change(key: key, outcome: .put(item), version: nil, at: 0, cause: .stream)))
        }
        writer.endBootstrap()
        return writer.snapshot()
    }

    private func body(
        _ snapshot: StoreSnapshot,
        _ exports: Permits = Permits(limit: 1),
        query: String = "",
        isCompressed: Bool = false,
        pin: SnapshotPin? = nil,
        limits change: (inout APILimits) -> Void = { _ in }
    ) throws -> ExportBody {
        var limits = APILimits()
        change(&limits)
        let parameters = try QueryParameters(testing: query, allowed: ListHandler.parameters)
        return ExportBody(
            snapshot: snapshot,
            permit: try exports.take(for: 1),
            query: try ListQuery(parameters, partition: nil, limits: 1...(.max), schema: snapshot.keySchema, call: nil),
            limits: limits,
            isCompressed: isCompressed,
            pin: pin
        ) { key, _ in Array(#"{"as_of":1,"next":\#(key != nil)}"#.utf8) + [10] }
    }

    private func produce(_ body: ExportBody, budget: Int = 1000) -> (bytes: [UInt8], pieces: Int, largest: Int) {
        var all: [UInt8] = []
        var pieces = 0
        var largest = 0
        while pieces < 100_000 {
            var piece: [UInt8] = []
            let step = body.produce(into: &piece, budget: budget, now: .seconds(1))
            pieces += 1
            largest = max(largest, piece.count)
            all += piece
            if step == .end { break }
            #expect(step == .again)
        }
        return (all, pieces, largest)
    }

    @Test("writes every item as a line, in pieces of about the budget, and closes with what it is as of")
    func lines() throws {
        let made = try produce(body(snapshot(items: 500)))
        let lines = String(decoding: made.bytes, as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 501)
        #expect(lines.first?.hasPrefix(#"{"pk":"p","sk":0,"#) == true)
        #expect(lines.last == #"{"as_of":1,"next":false}"#)
        #expect(made.bytes.last == 10)
        #expect(made.pieces > 30 && made.largest < 1200)
    }

    @Test("gives other connections their turn when nothing matches")
    func nothingMatches() throws {
        let body = try body(snapshot(items: 500), query: "where=v%3D1") { $0.exportRecords = 10 }
        let made = produce(body)
        #expect(made.pieces == 50 || made.pieces == 51)
        #expect(String(decoding: made.bytes, as: UTF8.self) == "{\"as_of\":1,\"next\":false}\n")
    }

    @Test("ends at the client's limit with a cursor, and without one where the limit was not reached")
    func limit() throws {
        let snapshot = try snapshot(items: 50)
        for (limit, count, hasNext) in [(10, 10, true), (50, 50, false), (60, 50, false)] {
            let made = produce(try body(snapshot, query: "limit=\(limit)"))
            let lines = String(decoding: made.bytes, as: UTF8.self).split(separator: "\n")
            #expect(lines.count == count + 1)
            #expect(lines.last == "{\"as_of\":1,\"next\":\(hasNext)}", "\(limit)")
        }
    }

    @Test("releases the snapshot and the permit when it is finished, however it ends")
    func release() throws {
        let exports = Permits(limit: 1)
        let body = try body(snapshot(items: 500), exports)
        var piece: [UInt8] = []
        #expect(body.produce(into: &piece, budget: 100, now: .zero) == .again)
        #expect(exports.count == 1)
        #expect(throws: PermitCounts.Refusal.total) { try exports.take(for: 1) }
        body.finished(.stalled)
        #expect(exports.count == 0)
        _ = try exports.take(for: 1)
        piece = []
        #expect(body.produce(into: &piece, budget: 100, now: .zero) == .end)
        #expect(piece.isEmpty)
    }

    @Test("a body that is never asked gives its permit back too")
    func neverAsked() throws {
        let exports = Permits(limit: 1)
        do {
            let body = try body(snapshot(items: 1), exports)
            #expect(exports.count == 1)
            _ = consume body
        }
        #expect(exports.count == 0)
    }

    @Test("breaks off when it has lasted too long, so that its snapshot is not kept for ever")
    func duration() throws {
        let snapshot = try snapshot(items: 500)
        let store = ReplicaStore()
        store.publish(snapshot)
        let pin = SnapshotPin(snapshot, in: store, bytes: .max, duration: .seconds(10))
        let body = try body(snapshot, pin: pin)
        var piece: [UInt8] = []
        #expect(body.produce(into: &piece, budget: 100, now: .seconds(100)) == .again)
        #expect(body.produce(into: &piece, budget: 100, now: .seconds(109)) == .again)
        #expect(body.produce(into: &piece, budget: 100, now: .seconds(110)) == .abort)
    }

    @Test("goes on while the server drains: half an export is of no use")
    func drains() throws {
        let body = try body(snapshot(items: 100))
        body.drain()
        #expect(String(decoding: produce(body).bytes, as: UTF8.self).split(separator: "\n").count == 101)
    }

    @Test("compressed, it is one gzip stream of the same lines")
    func compressed() throws {
        let snapshot = try snapshot(items: 500)
        let plain = try produce(body(snapshot)).bytes
        let made = try produce(body(snapshot, isCompressed: true)).bytes
        #expect(made.starts(with: [0x1F, 0x8B]))
        #expect(made.count * 2 < plain.count)
        #expect(try inflate(made, bound: plain.count + 1) == plain)
    }

    /// zlib's own decoder.
    private func inflate(_ bytes: [UInt8], bound: Int) throws -> [UInt8] {
        var stream = z_stream()
        #expect(inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK)
        defer { inflateEnd(&stream) }
        var output = [UInt8](repeating: 0, count: bound)
        var input = bytes
        let status = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
                return CZlib.inflate(&stream, Z_FINISH)
            }
        }
        #expect(status == Z_STREAM_END)
        return Array(output.prefix(bound - Int(stream.avail_out)))
    }
}
