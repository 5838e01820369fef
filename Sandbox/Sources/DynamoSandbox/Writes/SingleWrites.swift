import Basics
import TableModel

/// PutItem, UpdateItem, DeleteItem.
extension Engine {
    mutating func putItem(_ request: Request, now: Int64) throws(SandboxError) -> [UInt8] {
        let returns = try Self.returnValues(request, allowed: ["NONE", "ALL_OLD"])
        return try write(try WriteRequest.put(request), request, returns, now: now)
    }

    mutating func deleteItem(_ request: Request, now: Int64) throws(SandboxError) -> [UInt8] {
        let returns = try Self.returnValues(request, allowed: ["NONE", "ALL_OLD"])
        return try write(try WriteRequest.delete(request), request, returns, now: now)
    }

    mutating func updateItem(_ request: Request, now: Int64) throws(SandboxError) -> [UInt8] {
        let allowed = ["ALL_NEW", "ALL_OLD", "NONE", "UPDATED_NEW", "UPDATED_OLD"]
        let returns = try Self.returnValues(request, allowed: allowed)
        return try write(try WriteRequest.update(request), request, returns, now: now)
    }

    private mutating func write(
        _ action: WriteAction,
        _ request: Request,
        _ returns: String,
        now: Int64
    ) throws(SandboxError) -> [UInt8] {
        let write = try plan(action)
        commit(write, now: now)
        let capacity = try Capacity(request)
        return JSONWriter.object { output in
            if let attributes = Self.returned(write, returns) { output.member("Attributes", attributes) }
            capacity.write([(write.table, Double(write.capacityUnits))], &output)
        }
    }

    private static func returned(_ write: PlannedWrite, _ returns: String) -> Attributes? {
        let projection = Projection(paths: write.updatedPaths)
        switch returns {
        case "ALL_OLD": return write.oldAttributes
        case "ALL_NEW": return write.newAttributes
        case "UPDATED_OLD": return write.oldAttributes.map(projection.apply).flatMap { $0.isEmpty ? nil : $0 }
        case "UPDATED_NEW": return write.newAttributes.map(projection.apply).flatMap { $0.isEmpty ? nil : $0 }
        default: return nil
        }
    }

    private static func returnValues(_ request: Request, allowed: [String]) throws(SandboxError) -> String {
        let all = ["ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"]
        let value = try request.choice("ReturnValues", among: all) ?? "NONE"
        guard allowed.contains(value) else { throw SandboxError.validation("ReturnValues can only be ALL_OLD or NONE") }
        return value
    }
}
