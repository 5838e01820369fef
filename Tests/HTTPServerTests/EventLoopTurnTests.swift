import Testing

@testable import HTTPServer

/// What a turn of an event loop does, with the time told by the work: turns of 2 ms, slices of 500 µs.
@Suite struct EventLoopTurnTests {
    @Test("new requests stop at half of the turn; those left are answered in order, one turn after another")
    func arrivals() throws {
        let loop = try HandTurnedLoop()
        let clients = try (0..<3).map { _ in try loop.connect() }
        for (number, client) in clients.enumerated() { try loop.send(client, "/\(number)/1500") }
        loop.turn()
        #expect(loop.script.seen == ["/0/1500"])
        for _ in 0..<10 where loop.hasMore { loop.turn() }
        #expect(loop.script.seen == ["/0/1500", "/1/1500", "/2/1500"])
        #expect(!loop.hasMore)
    }

    @Test("requests that come in two parts are answered, however many wait to be read")
    func parts() throws {
        let loop = try HandTurnedLoop(tick: 100)
        let clients = try (0..<100).map { _ in try loop.connect() }
        for (number, client) in clients.enumerated() { try loop.send(client, text: "GET /\(number)/10 HTTP/1.1\r\nHo") }
        repeat { loop.turn() } while loop.hasMore
        for client in clients { try loop.send(client, text: "st: a\r\n\r\n") }
        for _ in 0..<200 where loop.script.seen.count < clients.count { loop.turn() }
        #expect(loop.script.seen.count == clients.count)
    }

    @Test("pipelined requests hand over when the slice is over")
    func pipelines() throws {
        let loop = try HandTurnedLoop()
        let (many, other) = (try loop.connect(), try loop.connect())
        try loop.send(many, "/1/600", "/2/600", "/3/600", "/4/600", "/5/600", "/6/600")
        try loop.send(other, "/other/10")
        loop.turn()
        // One slice as it came, the others' requests, then what is left of the turn.
        #expect(loop.script.seen == ["/1/600", "/other/10", "/2/600", "/3/600", "/4/600"])
        try loop.send(other, "/again/10")
        loop.turn()
        #expect(loop.script.seen.dropFirst(5).first == "/again/10")
        while loop.hasMore { loop.turn() }
        #expect(loop.responses(many) == 6)
        #expect(loop.responses(other) == 2)
    }

    @Test("a plain request is answered in the next turn, however much costly work waits at its own address")
    func plain() throws {
        let loop = try HandTurnedLoop()
        for number in 0..<100 { try loop.send(loop.connect(), "/\(number)/900/50") }
        for _ in 0..<60 { loop.turn() }
        let plain = try loop.connect()
        let before = loop.script.now
        try loop.send(plain, "/plain/10")
        loop.turn()
        #expect(loop.responses(plain) == 1)
        // Among the work of that turn, not behind it.
        #expect(loop.script.now - before < 4_000_000)
    }

    @Test("one address with a hundred connections gets no more of the time than another with one")
    func addresses() throws {
        let loop = try HandTurnedLoop()
        for _ in 0..<100 { try loop.send(loop.connect(address: 1), "/crowd/400/1000000") }
        try loop.send(loop.connect(address: 2), "/single/400/1000000")
        for _ in 0..<60 { loop.turn() }
        let before = loop.script.seen.count
        for _ in 0..<400 { loop.turn() }
        let steps = loop.script.seen.dropFirst(before)
        let single = steps.count { $0.hasPrefix("/single") }
        #expect(Double(single) / Double(steps.count) > 0.45, "\(single) of \(steps.count)")
    }

    @Test("the connections of one address take turns")
    func connections() throws {
        let loop = try HandTurnedLoop()
        for number in 0..<4 { try loop.send(loop.connect(), "/\(number)/400/1000000") }
        loop.turn()
        let before = loop.script.seen.count
        for _ in 0..<100 { loop.turn() }
        let seen = loop.script.seen.dropFirst(before)
        let counts = (0..<4).map { number in seen.count { $0.hasPrefix("/\(number)/") } }
        #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 2, "\(counts)")
    }

    @Test("a connection whose last request was costly waits with the work, not before others' requests")
    func demotion() throws {
        let loop = try HandTurnedLoop()
        let (worker, costly, plain) = (try loop.connect(), try loop.connect(), try loop.connect())
        try loop.send(costly, "/costly/900")
        loop.turn()
        try loop.send(worker, "/worker/900/1000000")
        loop.turn()
        try loop.send(costly, "/second/900")
        try loop.send(plain, "/plain/10")
        let before = loop.script.seen.count
        loop.turn()
        loop.turn()
        let seen = loop.script.seen.dropFirst(before)
        #expect(seen.first == "/plain/10")
        #expect(seen.contains("/second/900"))
        // Having been cheap it is trusted again.
        try loop.send(costly, "/cheap/10")
        loop.turn()
        loop.turn()
        try loop.send(costly, "/trusted/10")
        let again = loop.script.seen.count
        loop.turn()
        #expect(loop.script.seen[again] == "/trusted/10")
    }

    @Test("a stream that found nothing hands over after one round")
    func searches() throws {
        let loop = try HandTurnedLoop()
        let (first, second) = (try loop.connect(), try loop.connect())
        try loop.send(first, "/first/50/stream")
        try loop.send(second, "/second/50/stream")
        for _ in 0..<20 { loop.turn() }
        let seen = loop.script.seen.filter { $0.hasSuffix("stream") }
        #expect(zip(seen.dropFirst(4), seen.dropFirst(5)).allSatisfy { $0 != $1 })
    }

    @Test("a client that has half-closed gets the answer that takes many steps, and those behind it")
    func halfClosed() throws {
        let loop = try HandTurnedLoop()
        let client = try loop.connect()
        try loop.send(client, "/first/900/20", "/second/900/20", "/third/10")
        loop.finishSending(client)
        for _ in 0..<200 {
            loop.turn()
            if !loop.hasMore { break }
        }
        #expect(loop.responses(client) == 3)
    }

    @Test("a step that takes a second delays others by that step alone")
    func longStep() throws {
        let loop = try HandTurnedLoop()
        try loop.send(loop.connect(address: 1), "/long/1000000/100")
        loop.turn()
        let plain = try loop.connect(address: 2)
        for number in 0..<5 {
            try loop.send(plain, "/\(number)/10")
            loop.turn()
            #expect(loop.responses(plain) == 1)
        }
    }
}
