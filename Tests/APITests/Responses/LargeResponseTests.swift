import CZlib
import Compression
import HTTPServer
import ReplicaStore
import Service
import ServiceTools
import TableModel
import Testing

@testable import API

/// Answers above `APILimits.wholeBytes`, which are made while the client reads them: they must be those that are made whole.
@Suite struct LargeResponseTests {
    private static let text = String(repeating: "tablecast ", count: 200)

    private func items() -> [[AttributeName: AttributeValue]] {
        (0..<300).map {
            ["pk": .string("p"), "sk": .number("\($0)"), "even": .bool($0 % 2 == 0), "text": .string(Self.text)]
        }
    }

    /// The same table behind two services: one makes answers whole, the other piece by piece.
    private func both(
        _ change: (inout APILimits) -> Void = { _ in },
        _ body: (_ whole: ServiceFixture, _ pieces: ServiceFixture) async throws -> Void
    ) async throws {
        let whole = try ServiceFixture(limits: { limits in
            limits.pageBytes = 4_194_304
            change(&limits)
            limits.wholeBytes = .max
        })
        let pieces = try ServiceFixture(limits: { limits in
            limits.pageBytes = 4_194_304
            change(&limits)
        })
        for fixture in [whole, pieces] { try fixture.publish(items(), schema: ServiceFixture.composite) }
        try await body(whole, pieces)
        await whole.stop()
        await pieces.stop()
    }

    private func expectSame(_ left: Answer, _ right: Answer, _ what: Comment) {
        #expect(left.status == right.status, what)
        #expect(left.body == right.body, what)
        for name in ["etag", "content-length", "link", "content-type", "replica-position", "cache-control"] {
            #expect(left[name] == right[name], "\(what.rawValue) \(name)")
        }
    }

    @Test(
        "a large page has the bytes, the tag and the length of one that is made whole",
        arguments: [
            "limit=300", "limit=1000", "limit=200", "limit=150&where=even%20%3D%20true", "order=desc&limit=299",
            "limit=300&format=dynamodb", "limit=300&fields=sk,text", "limit=300&pk=p&sk_from=100",
        ]
    )
    func pages(_ query: String) async throws {
        try await both { whole, pieces in
            let target = "/v1/items?" + query
            let expected = try whole.request(target)
            let large = try pieces.request(target)
            #expect(large.body.utf8.count > 200_000)
            expectSame(expected, large, "\(query)")
            let head = try pieces.request(target, method: "HEAD")
            expectSame(try whole.request(target, method: "HEAD"), head, "HEAD \(query)")
            #expect(head["content-length"] == large["content-length"])
            let tag = try #require(large["etag"])
            #expect(try pieces.request(target, fields: ["If-None-Match: \(tag)"]).status == 304)
        }
    }

    @Test("a page that its bound of bytes ends is the same page, with the same cursor")
    func bound() async throws {
        try await both({ $0.pageBytes = 150_000 }) { whole, pieces in
            expectSame(try whole.request("/v1/items?limit=300"), try pieces.request("/v1/items?limit=300"), "bound")
        }
    }

    @Test("a large answer is compressed piece by piece for clients that take gzip")
    func compressed() async throws {
        try await both { whole, pieces in
            let plain = try whole.request("/v1/items?limit=300")
            let answer = try pieces.request("/v1/items?limit=300", fields: ["Accept-Encoding: gzip"])
            #expect(answer["content-encoding"] == "gzip")
            #expect(answer["content-length"] == nil)
            #expect(answer.members(of: "vary").contains("Accept-Encoding"))
            #expect(answer.bytes.count < 200_000)
            #expect(try Inflate.gzip(answer.bytes) == Array(plain.body.utf8))
            #expect(try pieces.request("/v1/items?limit=300", fields: ["Accept-Encoding: identity;q=0"]).status == 406)
        }
        // As whole ones: larger than this they are not compressed, unless the client takes nothing else.
        try await both({ $0.compressedBytes = 1_024...100_000 }) { _, pieces in
            let target = "/v1/items?limit=300"
            let plain = try pieces.request(target, fields: ["Accept-Encoding: gzip"])
            #expect(plain["content-encoding"] == nil)
            let packed = try pieces.request(target, fields: ["Accept-Encoding: gzip, identity;q=0"])
            #expect(packed["content-encoding"] == "gzip")
        }
    }

    @Test("a large batch has the bytes of one that is made whole, found and missing")
    func batches() async throws {
        try await both { whole, pieces in
            for keys in [Array(0..<100), Array(250..<350), Array(280..<380)] {
                let list = keys.map { "{\"pk\":\"p\",\"sk\":\($0)}" }.joined(separator: ",")
                let body = "{\"keys\":[\(list)]}"
                for query in ["", "?format=dynamodb"] {
                    let expected = try whole.post("/v1/items/batch-get" + query, body)
                    let large = try pieces.post("/v1/items/batch-get" + query, body)
                    #expect(large.body == expected.body)
                    let isLarge = expected.body.utf8.count > 70_000
                    #expect(large["transfer-encoding"] == (isLarge ? "chunked" : nil))
                    #expect(expected.status == 200)
                }
            }
            let none = "{\"keys\":[{\"pk\":\"x\",\"sk\":1}]}"
            expectSame(
                try whole.post("/v1/items/batch-get", none),
                try pieces.post("/v1/items/batch-get", none),
                "none"
            )
        }
    }

    @Test("a large history has the bytes, the tag and the length of one that is made whole")
    func histories() async throws {
        try await both { whole, pieces in
            for fixture in [whole, pieces] {
                let writer = GenerationWriter(
                    epoch: try #require(Epoch("aaaaaaaa")),
                    keySchema: ServiceFixture.single,
                    limits: StoreLimits()
                )
                writer.endBootstrap()
                for number in 1...100 {
                    let item = Item(["id": .string("a"), "v": .number("\(number)"), "text": .string(Self.text)])
                    let key = try ItemKey(partition: .string("a"), schema: ServiceFixture.single)
                    let version = SequenceNumber("\(number)")
                    #expect(
                        writer.apply(Change(key: key, outcome: .put(item), version: version, at: 1, cause: .stream))
                    )
                }
                fixture.store.publish(writer.snapshot())
            }
            for query in ["", "?limit=100", "?limit=100&diff=patch", "?limit=60&diff=old"] {
                let target = "/v1/items/a/history" + query
                let answer = try pieces.request(target)
                expectSame(try whole.request(target), answer, "\(query)")
                #expect(answer.status == 200)
            }
            #expect(try pieces.request("/v1/items/a/history?limit=100").body.utf8.count > 100_000)
        }
    }

    @Test("a large page of changes is whole JSON with where to go on, in one page as in many")
    func changes() async throws {
        try await both { _, pieces in
            let all = try pieces.request("/v1/changes?since=0")
            #expect(all["transfer-encoding"] == "chunked")
            #expect(all.body.utf8.count > 500_000)
            #expect(all.body.hasPrefix(#"{"changes":[{"op":"put","#))
            #expect(
                all.body.hasSuffix(
                    #"],"next":"aaaaaaaa.300","more":false,"as_of":{"position":"aaaaaaaa.300","lag_ms":12}}"#
                )
            )
            #expect(all.body.components(of: #""op":"put""#) == 300)
            #expect(!all.body.contains("}{") && !all.body.contains(",,"))
            let page = try pieces.request("/v1/changes?since=aaaaaaaa.0&limit=250")
            #expect(
                page.body.hasSuffix(
                    #"],"next":"aaaaaaaa.250","more":true,"as_of":{"position":"aaaaaaaa.300","lag_ms":null}}"#
                )
            )
            let packed = try pieces.request("/v1/changes?since=0", fields: ["Accept-Encoding: gzip"])
            #expect(try Inflate.gzip(packed.bytes) == Array(all.body.utf8))
            #expect(try pieces.request("/v1/changes?since=0", method: "HEAD").status == 200)
        }
    }

    @Test(
        "while too much waits for slow clients a large answer is a 503 that says when to retry, and a small one is served"
    )
    func pressure() async throws {
        let fixture = try ServiceFixture(
            limits: { $0.pageBytes = 4_194_304 },
            settings: { $0.pendingBytes = 1_000 }
        )
        try fixture.publish(items(), schema: ServiceFixture.composite)
        let keys = (0..<100).map { "{\"pk\":\"p\",\"sk\":\($0)}" }.joined(separator: ",")
        let answers = [
            try fixture.request("/v1/items?limit=300"), try fixture.request("/v1/changes?since=0"),
            try fixture.request("/v1/items", fields: ["Accept: application/x-ndjson"]),
            try fixture.post("/v1/items/batch-get", "{\"keys\":[\(keys)]}"),
        ]
        for answer in answers {
            #expect(answer.status == 503)
            #expect((1...3).contains(Int(answer["retry-after"] ?? "") ?? 0))
            #expect(answer["content-type"] == "application/problem+json")
            #expect(answer.body.contains("urn:tablecast:problem:overloaded"))
            #expect(answer.body.contains("--max-pending-bytes"))
        }
        #expect(try fixture.request("/v1/items?limit=1").status == 200)
        let metrics = try fixture.request("/metrics").body
        #expect(metrics.contains("\ntablecast_http_pending_refused_total 4\n"))
        #expect(metrics.contains("\ntablecast_http_pending_bytes_limit 1000\n"))
        // The export's permit is back.
        #expect(try fixture.request("/v1/status").body.contains(#""pending":{"bytes":"#))
        await fixture.stop()
    }

    @Test("one address has its share of the exports, and no more")
    func exportShare() async throws {
        let fixture = try ServiceFixture(limits: { $0.exportsPerAddress = 0 })
        try fixture.publish(items(), schema: ServiceFixture.composite)
        let refused = try fixture.request("/v1/items", fields: ["Accept: application/x-ndjson"])
        #expect(refused.status == 503)
        #expect((5...11).contains(Int(refused["retry-after"] ?? "") ?? 0))
        #expect(refused.body.contains("all that one address may have"))
        await fixture.stop()
    }

    @Test(
        "a reader gives its snapshot up when too much was replaced since, when it lasts too long, and after a rebuild of a large table"
    )
    func pins() throws {
        func writer(_ epoch: String) throws -> GenerationWriter {
            let writer = GenerationWriter(
                epoch: try #require(Epoch(epoch)),
                keySchema: ServiceFixture.single,
                limits: StoreLimits()
            )
            writer.endBootstrap()
            return writer
        }
        func put(_ number: Int, _ writer: GenerationWriter) throws {
            let item = Item(["id": .string("a"), "v": .number("\(number)"), "text": .string(Self.text)])
            let key = try ItemKey(partition: .string("a"), schema: ServiceFixture.single)
            #expect(writer.apply(Change(key: key, outcome: .put(item), version: nil, at: 1, cause: .stream)))
        }
        let store = ReplicaStore()
        let first = try writer("aaaaaaaa")
        try put(0, first)
        let old = first.snapshot()
        store.publish(old)
        var pin = SnapshotPin(old, in: store, bytes: 100_000, duration: .seconds(10))
        #expect(!pin.isExceeded(now: .seconds(1)))
        #expect(!pin.isExceeded(now: .seconds(10)))
        #expect(pin.isExceeded(now: .seconds(11)))
        pin = SnapshotPin(old, in: store, bytes: 100_000, duration: .seconds(10))
        for number in 1...40 { try put(number, first) }
        store.publish(first.snapshot())
        #expect(!pin.isExceeded(now: .zero))
        for number in 41...60 { try put(number, first) }
        store.publish(first.snapshot())
        #expect(pin.isExceeded(now: .zero))
        store.withdraw()
        #expect(!pin.isExceeded(now: .zero))
        let second = try writer("bbbbbbbb")
        store.publish(second.snapshot())
        #expect(!pin.isExceeded(now: .zero))
        pin = SnapshotPin(old, in: store, bytes: 1_000, duration: .seconds(10))
        #expect(pin.isExceeded(now: .zero))
    }

    @Test("a body that would be longer or shorter than was said is broken off")
    func wrongLength() {
        for (length, sizes) in [(10, [5, 6]), (10, [5, 4])] {
            var left = sizes
            let body = PageBody(length: length, pin: nil) { output, _, _ in
                output += repeatElement(0, count: left.removeFirst())
                return left.isEmpty ? .end : .again
            }
            var output: [UInt8] = []
            #expect(body.produce(into: &output, budget: 100, now: .zero) == .again)
            output = []
            #expect(body.produce(into: &output, budget: 100, now: .zero) == .abort)
        }
    }
}

/// Unpacks gzip.
private enum Inflate {
    struct Failure: Error {
        let status: Int32
    }

    static func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
        var stream = z_stream()
        // 16 more than the window: gzip's own frame.
        guard inflateInit2_(&stream, 31, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw Failure(status: Z_STREAM_ERROR)
        }
        defer { inflateEnd(&stream) }
        var input = bytes
        var output: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        return try input.withUnsafeMutableBufferPointer { input in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(input.count)
            while true {
                let status = piece.withUnsafeMutableBufferPointer { piece in
                    stream.next_out = piece.baseAddress
                    stream.avail_out = UInt32(piece.count)
                    return inflate(&stream, Z_NO_FLUSH)
                }
                output += piece.prefix(piece.count - Int(stream.avail_out))
                if status == Z_STREAM_END { return output }
                guard status == Z_OK else { throw Failure(status: status) }
            }
        }
    }
}

extension String {
    /// How often `text` stands here.
    fileprivate func components(of text: String) -> Int {
        var rest = self[...]
        var count = 0
        while let found = rest.firstRange(of: text) {
            count += 1
            rest = rest[found.upperBound...]
        }
        return count
    }
}
