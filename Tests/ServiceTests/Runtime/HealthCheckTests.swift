import HTTPServer
import Testing

@testable import Service

@Suite struct HealthCheckTests {
    @Test("each failure says what was asked, why it failed and what to do, in one line")
    func lines() {
        func line(_ failure: HealthProbe.Failure, _ address: ListenAddress = .everywhere(port: 8080)) -> String {
            HealthCheck.line(failure, address, path: "/livez")
        }
        #expect(
            line(.notConnected("Connection refused"), .unix(path: "/a.sock"))
                == "the health check of unix:/a.sock /livez failed: Connection refused. "
                + "Check that the service runs, and that --listen, TABLECAST_LISTEN or --config are the same here as there."
        )
        #expect(
            line(.timedOut(.seconds(2)))
                == "the health check of :8080 /livez failed: no response within 2s. "
                + "The service is stopped, or has more work than it can do: see its log."
        )
        #expect(
            line(.unknownPort, ListenAddress(host: "127.0.0.1", port: 0))
                == "the health check of 127.0.0.1:0 /livez failed: the running service alone knows its port. "
                + "Name it with --listen, or give the service a port of its own."
        )
        #expect(
            line(.status(503)) == "the health check of :8080 /livez failed: status 503. "
                + "See the log of the service, and /v1/status."
        )
        #expect(
            line(.notHTTP) == "the health check of :8080 /livez failed: the response is not HTTP. "
                + "Check that it is the service that listens there."
        )
        #expect(
            line(.closed("Connection reset by peer"))
                == "the health check of :8080 /livez failed: Connection reset by peer. "
                + "See the log of the service."
        )
        #expect(
            line(.unresolved("Name or service not known"))
                == "the health check of :8080 /livez failed: Name or service not known. "
                + "Name an address of the service with --listen."
        )
    }

    @Test("a path that is none is wrong usage")
    func paths() {
        #expect(throws: StartUpError(.usage, "--path 'livez': give a path such as /livez or /readyz")) {
            () throws in _ = try HealthCheck(listen: [], configurationFile: nil, path: "livez")
        }
    }
}
