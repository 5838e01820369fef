import Basics
import TableModel

/// Performs the actions of `RemoteAction`.
struct RemoteControl {
    let sandbox: DynamoSandbox

    /// Performs the action at a path. The response is a JSON object; with an error it has the member `error`.
    func response(path: String, body: [UInt8]) -> SandboxResponse {
        do throws(SandboxError) {
            let name = String(path.dropFirst(RemoteAction.pathPrefix.utf8.count))
            guard let action = RemoteAction(rawValue: name) else {
                let all = RemoteAction.allCases.map(\.rawValue).joined(separator: ", ")
                throw SandboxError("Unknown", "no action '\(name)'; there are \(all)", status: 404)
            }
            let request = try Request(body: body)
            let unknown = request.members.keys.map(\.text).filter { !action.members.contains($0) }.sorted()
            guard unknown.isEmpty else {
                let known = action.members.isEmpty ? "none" : action.members.joined(separator: ", ")
                throw Self.invalid("\(action.rawValue) takes no member '\(unknown[0])'; it takes \(known)")
            }
            return SandboxResponse(status: 200, body: try perform(action, request), isStreams: true)
        } catch {
            // The reader of requests has no words for a body that is no object.
            let message = error.message.isEmpty ? "the body must be a JSON object" : error.message
            let body = JSONWriter.object { $0.member("error", message) }
            return SandboxResponse(status: error.status, body: body, isStreams: true)
        }
    }

    private func perform(_ action: RemoteAction, _ request: Request) throws(SandboxError) -> [UInt8] {
        switch action {
        case .shards: return ShardOutput.list(try table(request).shards)
        case .split, .rotate: return try divide(action, request)
        case .close, .remove, .trim, .hide, .lookOpen: try change(action, request)
        case .resetListing: sandbox.resetListing()
        case .expire: try sandbox.expire(try key(request), in: try table(request).name)
        case .appendRecord:
            try sandbox.appendRecord(
                of: try key(request),
                in: try table(request).name,
                eventName: try required(try request.string("eventName"), "eventName"),
                eventVersion: try request.string("eventVersion") ?? "1.1"
            )
        case .obstruct: sandbox.obstruct(try table(request).name, try Self.obstacle(request))
        case .fault: try FaultReader.enqueue(request, in: sandbox.faults)
        case .clearFaults: sandbox.faults.removeAll()
        case .advanceClock:
            sandbox.clock.advance(by: try required(try request.seconds("seconds"), "seconds"))
            return JSONWriter.object { $0.member("now", seconds: sandbox.clock.now) }
        case .configure:
            try sandbox.withEngine { engine, _ throws(SandboxError) in
                try SettingsReader.change(&engine.settings, request)
            }
        case .completeTransitions: sandbox.completeTransitions()
        case .calls: return CallOutput.list(try calls(request))
        case .forgetCalls: sandbox.forgetCalls()
        }
        return Array("{}".utf8)
    }

    /// Splits or rotates one shard, or every open one.
    private func divide(_ action: RemoteAction, _ request: Request) throws(SandboxError) -> [UInt8] {
        let (table, shards) = try table(request)
        let hidden = Int(try request.integer("hiddenListings", in: 0...1_000_000) ?? 0)
        var parents = shards.filter(\.isOpen).map(\.id)
        if let id = try request.string("shard") { parents = [try shard(id, among: shards, mustBeOpen: true)] }
        // A stream with many shards is no use, and each costs memory.
        guard shards.count + 2 * parents.count <= SandboxLimits.shards else {
            throw Self.invalid("a stream has at most \(SandboxLimits.shards) shards")
        }
        var children: [String] = []
        for parent in parents {
            if action == .split {
                children += sandbox.split(shard: parent, of: table, hiddenListings: hidden)
            } else if let child = sandbox.rotate(shard: parent, of: table, hiddenListings: hidden) {
                children.append(child)
            }
        }
        let opened = children
        return JSONWriter.object { output in
            output.name("children")
            output.array(opened) { $0.string($1) }
        }
    }

    private func change(_ action: RemoteAction, _ request: Request) throws(SandboxError) {
        let (table, shards) = try table(request)
        let given = try request.string("shard")
        // Trimming everything is what a day does; the other actions are about one shard.
        if action == .trim, given == nil, !request.has("through") {
            for shard in shards { sandbox.trim(shard: shard.id, of: table) }
            return
        }
        let id = try shard(try required(given, "shard"), among: shards, mustBeOpen: action == .close)
        switch action {
        case .close: sandbox.close(shard: id, of: table)
        case .remove: sandbox.remove(shard: id, of: table)
        case .trim:
            let through = try request.string("through")
            guard through.map({ UInt128($0) != nil }) ?? true else {
                throw Self.invalid("'through' must be a sequence number in decimal digits")
            }
            sandbox.trim(shard: id, of: table, through: through)
        case .hide:
            let listings = try required(try request.integer("listings", in: 1...1_000_000), "listings")
            sandbox.hide(shard: id, listings: Int(listings))
        default: sandbox.keepLookingOpen(shard: id, neverEnds: try request.bool("neverEnds") ?? false)
        }
    }

    private static func obstacle(_ request: Request) throws(SandboxError) -> SandboxObstacle? {
        switch try request.choice("obstacle", among: ["none", "inaccessible-key", "archived"]) {
        case "inaccessible-key":
            .inaccessibleKey(keyARN: try request.string("key") ?? SandboxObstacle.sampleKeyARN)
        case "archived": .archived(backupARN: try request.string("backup") ?? SandboxObstacle.sampleBackupARN)
        case "none": nil
        default: throw invalid("the member 'obstacle' is missing")
        }
    }

    private func calls(_ request: Request) throws(SandboxError) -> [SandboxCall] {
        guard try request.string("operation") != nil else { return sandbox.calls }
        return sandbox.calls(try FaultReader.operation(request))
    }

    /// The table that a request is about, by name or ARN, with the shards of its newest stream.
    private func table(_ request: Request) throws(SandboxError) -> (name: String, shards: [SandboxShard]) {
        let given = try required(try request.string("table"), "table")
        let name = try sandbox.withEngine { engine, _ throws(SandboxError) in
            let name = engine.place(ofTable: given)
            guard engine.tables[name] != nil else {
                throw SandboxError("Unknown", "there is no table '\(given)'", status: 404)
            }
            return name
        }
        return (name, sandbox.shards(of: name))
    }

    private func shard(
        _ id: String,
        among shards: [SandboxShard],
        mustBeOpen: Bool
    ) throws(SandboxError) -> String {
        guard let shard = shards.first(where: { $0.id == id }) else {
            throw SandboxError("Unknown", "the table's newest stream has no shard '\(id)'", status: 404)
        }
        guard shard.isOpen || !mustBeOpen else { throw Self.invalid("the shard '\(id)' is closed") }
        return id
    }

    private func key(_ request: Request) throws(SandboxError) -> Attributes {
        try required(try request.attributes("key"), "key")
    }

    private func required<Value>(_ value: Value?, _ name: String) throws(SandboxError) -> Value {
        guard let value else { throw Self.invalid("the member '\(name)' is missing") }
        return value
    }

    static func invalid(_ message: String) -> SandboxError { SandboxError("Invalid", message) }
}
