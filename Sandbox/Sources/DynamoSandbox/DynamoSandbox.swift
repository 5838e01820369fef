import HTTPServer
import Synchronization
import TableModel

/// A DynamoDB and DynamoDB Streams endpoint inside the process, over real HTTP on loopback.
///
/// It serves the demo and the tests: tables, expressions, transactions and streams behave as the real service's do,
/// and what a real service only does at its worst (splits, trims, expired iterators, broken responses) happens on request.
/// Clients in other languages ask for the same over HTTP: see `RemoteAction`.
/// Any credentials are accepted, unless `SandboxSettings.keys` names the ones whose signatures are.
public final class DynamoSandbox: Sendable {
    /// The time that everything here goes by.
    public let clock: SandboxClock
    /// The faults to come.
    public let faults = FaultQueue()

    private struct State {
        var engine: Engine
        var calls: [SandboxCall] = []
        var server: HTTPServer?
        var hook: (@Sendable (SandboxCall) -> Void)?
    }

    private struct StartFailure: Error, CustomStringConvertible { let description: String }

    private let state: Mutex<State>

    /// A sandbox without tables.
    public init(clock: SandboxClock = .system(), settings: SandboxSettings = SandboxSettings()) {
        self.clock = clock
        state = Mutex(State(engine: Engine(settings: settings)))
    }

    /// Listens on 127.0.0.1 (port 0: any free one) and gives back the port. Throws one line when the port is taken.
    public func start(port: Int = 0) throws -> Int {
        let gone = SandboxResponse(status: 500, body: [], isStreams: false)
        let handler = SandboxHandler(
            perform: { [weak self] target, request in self?.response(target: target, request) ?? gone },
            control: { [weak self] request in
                self.map { RemoteControl(sandbox: $0).response(path: request.rawPath, body: request.body) } ?? gone
            }
        )
        var limits = HTTPServerLimits()
        limits.bodyBytes = SandboxLimits.requestBytes
        let clock = clock
        // The Date of a response is by the clock that stamps the records, as it is with DynamoDB.
        let server = HTTPServer(handler: handler, observer: nil, limits: limits, loops: 1) { Int(clock.now / 1_000) }
        let bound: Int
        do throws(HTTPServerError) { bound = try server.start(host: "127.0.0.1", port: port) } catch {
            throw StartFailure(description: error.description(option: "--port"))
        }
        state.withLock { $0.server = server }
        return bound
    }

    /// Closes every connection and the port. Tables and streams stay, for another `start`.
    public func stop() async {
        let server = state.withLock { state in
            defer { state.server = nil }
            return state.server
        }
        await server?.stop(within: .milliseconds(200))
    }

    /// Runs before every call over HTTP is done, outside the sandbox's lock: the place to write between two scan pages.
    /// It runs on the server's loop and must not wait for another call.
    public func onCall(_ hook: (@Sendable (SandboxCall) -> Void)?) {
        state.withLock { $0.hook = hook }
    }

    /// Every call over HTTP so far, oldest first, up to `SandboxLimits.loggedCalls`.
    public var calls: [SandboxCall] {
        state.withLock { $0.calls }
    }

    /// The calls of one operation.
    public func calls(_ operation: SandboxOperation) -> [SandboxCall] {
        calls.filter { $0.operation == operation }
    }

    /// Empties the call log.
    public func forgetCalls() {
        state.withLock { $0.calls.removeAll() }
    }

    /// Changes how the sandbox behaves from now on.
    public func configure(_ change: @Sendable (inout SandboxSettings) -> Void) {
        state.withLock { change(&$0.engine.settings) }
    }

    /// Does one operation without HTTP: no fault, no log, no hook. `body` is the request's JSON.
    public func perform(_ operation: SandboxOperation, _ body: [UInt8]) throws(SandboxError) -> [UInt8] {
        let request = try Request(body: body)
        return try withEngine { engine, now throws(SandboxError) in
            try engine.perform(operation, request, now: now)
        }
    }

    /// The engine under the lock, with the time.
    func withEngine<Result: Sendable>(
        _ body: (inout Engine, Int64) throws(SandboxError) -> sending Result
    ) throws(SandboxError) -> sending Result {
        let now = clock.now
        return try state.withLock { state throws(SandboxError) in try body(&state.engine, now) }
    }

    /// The same for what cannot fail.
    func locked<Result: Sendable>(_ body: (inout Engine, Int64) -> sending Result) -> sending Result {
        let now = clock.now
        return state.withLock { body(&$0.engine, now) }
    }

    /// One call over HTTP: logged, hooked, perhaps broken.
    private func response(target: String, _ received: HTTPRequest) -> SandboxResponse {
        guard let operation = SandboxOperation(target: target) else {
            let error = SandboxError("UnknownOperationException", "")
            return SandboxResponse(status: 400, body: ErrorBody.json(error, isStreams: false), isStreams: false)
        }
        let isStreams = operation.isStreams
        do throws(SandboxError) {
            let now = clock.now
            if let keys = state.withLock({ $0.engine.settings.keys }) {
                try SignatureCheck.verify(received, keys, now: now)
            }
            let request = try Request(body: received.body)
            let call = CallReader.call(operation, request, now: now)
            let hook = log(call)
            hook?(call)
            let fault = faults.take(for: call)
            switch fault {
            case .error(let status, let code, let message)?: throw SandboxError(code, message, status: status)
            case .html(let status)?:
                return SandboxResponse(status: status, body: [], isStreams: isStreams, fault: fault)
            case .garbledCompression?:
                return SandboxResponse(status: 200, body: [], isStreams: isStreams, fault: fault)
            case .emptyObject?:
                return SandboxResponse(status: 200, body: Array("{}".utf8), isStreams: isStreams, fault: fault)
            default: break
            }
            let result = try withEngine { engine, now throws(SandboxError) in
                try engine.perform(operation, request, now: now, fault: fault)
            }
            return SandboxResponse(status: 200, body: result, isStreams: isStreams, fault: fault)
        } catch {
            let body = ErrorBody.json(error, isStreams: isStreams)
            return SandboxResponse(status: error.status, body: body, isStreams: isStreams)
        }
    }

    private func log(_ call: SandboxCall) -> (@Sendable (SandboxCall) -> Void)? {
        state.withLock { state in
            if state.calls.count >= SandboxLimits.loggedCalls {
                state.calls.removeFirst(SandboxLimits.loggedCalls / 10)
            }
            state.calls.append(call)
            return state.hook
        }
    }
}
