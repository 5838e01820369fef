import CZlib
import ServiceTools
import TableModel
import Testing

@testable import API

@Suite struct ContentCodingTests {
    /// A table whose list is large and whose items are small but for one.
    private func filled() throws -> ServiceFixture {
        let fixture = try ServiceFixture()
        var items: [[AttributeName: AttributeValue]] = (0..<40).map {
            ["id": .string("item-\($0)"), "n": .number("\($0)")]
        }
        items.append(["id": .string("large"), "text": .string(String(repeating: "tea ", count: 500))])
        try fixture.publish(items, schema: ServiceFixture.single)
        return fixture
    }

    static func inflated(_ bytes: [UInt8]) -> String? {
        var stream = z_stream()
        guard inflateInit2_(&stream, 31, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return nil }
        defer { inflateEnd(&stream) }
        var input = bytes
        var output = [UInt8](repeating: 0, count: 1 << 20)
        let count = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output -> Int? in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
                return inflate(&stream, Z_FINISH) == Z_STREAM_END ? output.count - Int(stream.avail_out) : nil
            }
        }
        return count.map { String(decoding: output.prefix($0), as: UTF8.self) }
    }

    @Test("a large answer is compressed for who takes it: same content, weak tag, Vary (M44)")
    func compressed() async throws {
        let fixture = try filled()
        for target in ["/v1/items/large", "/v1/items", "/openapi.yaml", "/metrics"] {
            let plain = try fixture.request(target)
            #expect(plain["content-encoding"] == nil, "\(target)")
            let coded = try fixture.request(target, fields: ["Accept-Encoding: gzip"])
            #expect(coded["content-encoding"] == "gzip", "\(target)")
            #expect(coded["vary"] == "Accept-Encoding", "\(target)")
            #expect(coded.bytes.count < plain.bytes.count / 2, "\(target)")
            #expect(coded["content-length"] == "\(coded.bytes.count)")
            if target.hasPrefix("/v1/items") || target == "/openapi.yaml" {
                #expect(Self.inflated(coded.bytes) == plain.body, "\(target)")
                #expect(plain["vary"] == "Accept-Encoding", "\(target)")
            }
        }
        let plain = try #require(try fixture.request("/v1/items/large")["etag"])
        let coded = try #require(try fixture.request("/v1/items/large", fields: ["Accept-Encoding: gzip"])["etag"])
        #expect(plain.hasPrefix("\""))
        #expect(coded == "W/\(plain)")
        await fixture.stop()
    }

    @Test("a client that has either form gets 304, with the tag that the response would have")
    func conditional() async throws {
        let fixture = try filled()
        let strong = try #require(try fixture.request("/v1/items/large")["etag"])
        for tag in [strong, "W/\(strong)"] {
            let answer = try fixture.request(
                "/v1/items/large",
                fields: ["Accept-Encoding: gzip", "If-None-Match: \(tag)"]
            )
            #expect(answer.status == 304)
            #expect(answer["etag"] == "W/\(strong)")
            #expect(answer["vary"] == "Accept-Encoding")
            #expect(answer["content-encoding"] == nil)
        }
        await fixture.stop()
    }

    @Test("a small answer stays as it is, unless the client refuses that")
    func small() async throws {
        let fixture = try filled()
        let small = try fixture.request("/v1/items/item-1", fields: ["Accept-Encoding: gzip, br"])
        #expect(small["content-encoding"] == nil)
        #expect(small.body == #"{"id":"item-1","n":1}"#)
        let refusing = try fixture.request("/v1/items/item-1", fields: ["Accept-Encoding: gzip, identity;q=0"])
        #expect(refusing["content-encoding"] == "gzip")
        #expect(Self.inflated(refusing.bytes) == small.body)
        await fixture.stop()
    }

    @Test("weights are honoured: q=0 refuses, the higher one wins, nothing left is 406 (M44)")
    func weights() async throws {
        let fixture = try filled()
        for (field, coding) in [
            ("gzip;q=0", nil), ("gzip;q=0.4, identity;q=0.5", nil), ("*", "gzip"), ("br;q=1, gzip;q=0.1", "gzip"),
        ] {
            let answer = try fixture.request("/v1/items/large", fields: ["Accept-Encoding: \(field)"])
            #expect(answer.status == 200)
            #expect(answer["content-encoding"] == coding, "\(field)")
        }
        let none = try fixture.request("/v1/items/large", fields: ["Accept-Encoding: br, *;q=0"])
        #expect(none.status == 406)
        #expect(none.body.contains("urn:tablecast:problem:not-acceptable"))
        await fixture.stop()
    }

    @Test("HEAD says the length that GET has, compressed too (M32)")
    func head() async throws {
        let fixture = try filled()
        let get = try fixture.request("/v1/items/large", fields: ["Accept-Encoding: gzip"])
        let head = try fixture.request("/v1/items/large", method: "HEAD", fields: ["Accept-Encoding: gzip"])
        #expect(head["content-length"] == get["content-length"])
        #expect(head["content-encoding"] == "gzip")
        #expect(head.bytes.isEmpty)
        await fixture.stop()
    }

    @Test("an answer over the limit is not compressed")
    func limit() async throws {
        let fixture = try ServiceFixture(limits: { $0.compressedBytes = 1_024...2_000 })
        try fixture.publish(
            [["id": .string("large"), "text": .string(String(repeating: "tea ", count: 500))]],
            schema: ServiceFixture.single
        )
        #expect(try fixture.request("/v1/items/large", fields: ["Accept-Encoding: gzip"])["content-encoding"] == nil)
        await fixture.stop()
    }

    @Test("a 406 keeps the route of its request: for metrics, and for who may read it", arguments: ["", "?limit=1000"])
    func keepsRoute(_ query: String) async throws {
        let fixture = try filled()
        let refused = try fixture.request("/v1/items\(query)", fields: ["Accept-Encoding: *;q=0"])
        #expect(refused.status == 406)
        let line = #"tablecast_http_requests_total{route="/v1/items",method="GET",status="406"} 1"#
        #expect(try fixture.request("/metrics").body.contains("\n\(line)\n"))
        let module = try fixture.request("/client.js", fields: ["Accept-Encoding: *;q=0"])
        #expect(module.status == 406)
        #expect(module["access-control-allow-origin"] == "*")
        await fixture.stop()
    }
}
