import CurlTransport
import Synchronization
import TestTools
import Testing

@Suite struct StreamedRequestTests {
    /// Keeps the parts of one response that its owner saw.
    private final class Record {
        var heads: [ResponseHead] = []
        var body = ""
        var ends = 0
    }

    private func stream(_ url: String, _ record: Record, stopAt: String? = nil) -> StreamedRequest {
        var stream = StreamedRequest(
            TransferRequest(url: url + "/feed", fields: [HTTPField(name: "Accept", value: "text/plain")]),
            over: ConnectionSettings(connectTimeout: .seconds(3))
        )
        stream.onHead = { head in
            record.heads.append(head)
            return .proceed
        }
        stream.onBytes = { bytes in
            record.body += bytes.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
            return stopAt.map(record.body.contains) == true ? .stop : .proceed
        }
        stream.onEnd = { record.ends += 1 }
        return stream
    }

    @Test("the head of the last response is told once, with its version and all its fields, and then the body")
    func head() throws {
        let server = Script(
            .rawThenClose(
                "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                    + "HTTP/1.0 200 OK\r\nX-A: 1\r\nx-b:  two \r\nX-A: 3\r\nContent-Length: 5\r\n\r\nhello"
            )
        ).server()
        defer { server.stop() }
        let record = Record()
        #expect(stream(server.url, record).run { false } == .complete)
        let fields = [("x-a", "1"), ("x-b", "two"), ("x-a", "3"), ("content-length", "5")]
        let head = ResponseHead(
            status: 200,
            version: "1.0",
            fields: fields.map { HTTPField(name: $0.0, value: $0.1) }
        )
        #expect(record.heads == [head])
        #expect(record.body == "hello")
        #expect(record.ends == 1)
        let request = try #require(server.requests.first)
        #expect(request.requestLine == "GET /feed HTTP/1.1")
        #expect(request.header("accept") == "text/plain")
        #expect(request.header("user-agent") == "tablecast")
        #expect(request.header("accept-encoding") == nil)
    }

    @Test("a response without a body tells its head too")
    func withoutBody() {
        let server = Script(.answer(status: 404, body: "")).server()
        defer { server.stop() }
        let record = Record()
        #expect(stream(server.url, record).run { false } == .complete)
        #expect(record.heads.map(\.status) == [404])
    }

    @Test("redirects are responses, not followed")
    func redirect() {
        let server = Script(.answer(status: 302, headers: ["Location: /elsewhere"], body: "")).server()
        defer { server.stop() }
        let record = Record()
        #expect(stream(server.url, record).run { false } == .complete)
        #expect(record.heads.first?.field("location") == "/elsewhere")
        #expect(server.requests.count == 1)
    }

    @Test("the owner stops in the middle of a body, or by the question that is put to it")
    func stop() {
        let server = Script(.answer(body: "one two"), .headThenSilence(announced: 10)).server()
        defer { server.stop() }
        let record = Record()
        #expect(stream(server.url, record, stopAt: "one").run { false } == .stopped)
        let other = Record()
        #expect(stream(server.url, other).run { !other.heads.isEmpty } == .stopped)
        #expect(other.heads.map(\.status) == [200])
        #expect((record.ends, other.ends) == (1, 1))
    }

    @Test("silence and the whole time are bounded by the clock that is given")
    func bounds() {
        let server = Script(.headThenSilence(announced: 10)).server()
        defer { server.stop() }
        for (silence, total, end) in [
            (Duration.seconds(45), nil, StreamedEnd.silent), (nil, Duration.seconds(45), .stopped),
        ] as [(Duration?, Duration?, StreamedEnd)] {
            let record = Record()
            var stream = stream(server.url, record)
            stream.silence = silence
            stream.total = total
            stream.now = { record.heads.isEmpty ? .zero : .seconds(45) }
            // The head is heard at 45 s too, so only the bound on the whole ends this one.
            if silence != nil {
                var reads = 0
                stream.now = {
                    reads += record.heads.isEmpty ? 0 : 1
                    return reads > 2 ? .seconds(45) : .zero
                }
            }
            #expect(stream.run { false } == end)
            #expect(record.ends == 1)
        }
    }

    @Test("several run at once, each on a connection of its own, and one that fails ends alone")
    func several() async {
        let open = Mutex(0)
        let server = ScriptedServer { _ in
            open.withLock { $0 += 1 }
            return .headThenSilence(announced: 10)
        }.start()
        defer { server.stop() }
        await withRefusingPort { port in
            let records = (0..<4).map { _ in Record() }
            var streams = records.map { stream(server.url, $0) }
            streams[2].request.url = "http://127.0.0.1:\(port)/"
            let ends = StreamedRequest.run(streams) {
                open.withLock { $0 == 3 } && records[2].ends == 1 && records.filter { $0.heads.count == 1 }.count == 3
            }
            #expect(ends[0] == .stopped && ends[1] == .stopped && ends[3] == .stopped)
            guard case .failed(let failure) = ends[2] else {
                Issue.record("not refused")
                return
            }
            #expect(failure.cause == .cannotConnect(systemError: 111))
            #expect(failure.detail.contains("127.0.0.1"))
            #expect(records.map(\.ends) == [1, 1, 1, 1])
        }
        #expect(server.connectionCount == 3)
    }

    @Test("a body that ends early has failed, in libcurl's words")
    func truncated() {
        let server = Script(.rawThenClose("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")).server()
        defer { server.stop() }
        let record = Record()
        guard case .failed(let failure) = stream(server.url, record).run(shouldStop: { false }) else {
            Issue.record("complete")
            return
        }
        #expect(failure.cause == .truncated)
        #expect(failure.detail == "transfer closed with 97 bytes remaining to read")
        #expect(record.body == "abc")
    }

    @Test("gzip is asked for and decoded only where that was asked for")
    func compressed() {
        let server = Script(.answer(body: "plain")).server()
        defer { server.stop() }
        var stream = stream(server.url, Record())
        stream.connection.isCompressed = true
        #expect(stream.run { false } == .complete)
        #expect(server.requests.first?.header("accept-encoding") == "gzip")
    }
}
