import Glibc
import Replication
import TestTools
import Testing

/// What clients see of a replica whose replication is blocked: lag, state, readiness, and that the process is alive.
@Suite struct StallSituationTests {
    /// What a GET returns, head and body. Blocks a thread for as long.
    private static func get(_ port: Int, _ target: String) -> String {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        // A stuck server fails the test instead of hanging it.
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let request = Array("GET \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
        guard connectToLoopback(descriptor, port: port),
            send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count
        else { return "" }
        var (text, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 65_536))
        while case let count = receive(descriptor, into: &buffer), count > 0 { text += buffer.prefix(count) }
        return String(decoding: text, as: UTF8.self)
    }

    @Test(
        "a blocked replicator: lag grows on every answer, not ready with the reason, alive all the time; and back by itself"
    )
    func blockedReplicator() async throws {
        let table = try SandboxTable(items: 3)
        try await table.follow {
            // A second of the test's time.
            $0.maximumLag = .seconds(10)
        } _: { replica in
            await replica.settle()
            let port = replica.port
            let gate = Gate()
            gate.close()
            Task.detached { await replica.replicator.hold(gate) }
            let isSeen = await comesTrueElsewhere {
                #expect(Self.get(port, "/livez").hasPrefix("HTTP/1.1 200 "))
                let ready = Self.get(port, "/readyz")
                return ready.hasPrefix("HTTP/1.1 503 ") && ready.contains(#""reason_code":"stalled""#)
            } atLast: {
                let item = Self.get(port, "/v1/items/k1")
                #expect(item.hasPrefix("HTTP/1.1 200 ") && item.contains("\r\nReplica-State: stale\r\n"))
                let lag = item.split(separator: "\r\nReplica-Lag: ").last.flatMap { Int($0.prefix { $0.isNumber }) }
                #expect(lag ?? 0 > 10_000, "\(item)")
                #expect(Self.get(port, "/v1/items/k1?max_lag=10s").hasPrefix("HTTP/1.1 503 "))
                let status = Self.get(port, "/v1/status")
                #expect(status.contains(#""state":"stale","reason":"replication has not completed a read for "#))
                let metrics = Self.get(port, "/metrics")
                #expect(metrics.contains("\ntablecast_replica_state{state=\"stale\"} 1\n"))
                #expect(metrics.contains("\ntablecast_replica_reason{reason=\"stalled\"} 1\n"))
                gate.open()
            }
            #expect(isSeen)
            #expect(await comesTrueElsewhere { Self.get(port, "/readyz").hasPrefix("HTTP/1.1 200 ") })
            try table.put("k1")
            await replica.settle()
        }
        await table.stop()
    }
}

extension Replicator {
    /// Blocks the actor, and a thread of the pool.
    func hold(_ gate: Gate) { gate.pass() }
}
