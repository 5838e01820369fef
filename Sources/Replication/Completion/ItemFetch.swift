import Basics
import DynamoDBClient
import TableModel

/// The table's state of one key.
enum TableItem: Sendable, Hashable {
    case found(Item)
    case absent
    /// There is an item that cannot be read, and why, in a few words.
    case unreadable(String)

    /// Read capacity units of a strongly consistent read; one for what has no size.
    var units: Double {
        if case .found(let item) = self { item.units } else { 1 }
    }
}

/// Reads single items as they are now: strongly consistent BatchGetItem, as often as it takes within a bound.
struct ItemFetch: Sendable {
    /// The outcome for the requested keys. A key without an entry could not be read.
    struct Result: Sendable {
        /// The table's state of each key.
        var states: [ItemKey: TableItem] = [:]
        /// Why keys are missing from `states`; nil when none are.
        var error: DynamoDBError?
    }

    let api: any DynamoDBAPI
    let table: String
    let schema: KeySchema
    let limits: ReplicationLimits
    let time: TimeSource

    /// Reads `keys`, which must differ. What was read before a failure is part of the result.
    @concurrent
    func fetch(_ keys: [ItemKey]) async -> Result {
        var result = Result()
        var start = 0
        while start < keys.count {
            let end = min(start + limits.keysPerFetch, keys.count)
            if let error = await fetch(keys[start..<end], into: &result) {
                result.error = error
                return result
            }
            start = end
        }
        return result
    }

    /// Reads up to 100 keys; UnprocessedKeys are asked for again, with a wait that grows while none comes.
    private func fetch(_ keys: some Collection<ItemKey>, into result: inout Result) async -> DynamoDBError? {
        var pending = Set(keys)
        var failures = 0
        while !pending.isEmpty {
            do throws(DynamoDBError) {
                let answer = try await ask(pending, into: &result)
                failures = answer.unprocessed.count < pending.count ? 0 : failures + 1
                pending = answer.unprocessed
                // In a call for one key, an item without a readable key is that key's.
                for key in answer.doubtful {
                    if let error = await fetch([key], into: &result) { return error }
                }
            } catch {
                return error
            }
            guard !pending.isEmpty else { return nil }
            guard failures < limits.fetchAttempts else { return withheld(pending.count) }
            let wait = limits.backoff.wait(failures: failures, fraction: time.random())
            if (try? await time.sleep(wait)) == nil {
                return failure(.cancelled, "Cancelled", "the wait was cancelled")
            }
        }
        return nil
    }

    /// The keys of which one call did not tell.
    private struct Untold {
        /// Left out by the service.
        var unprocessed: Set<ItemKey> = []
        /// Absent, unless an item of the answer that has no readable key is theirs.
        var doubtful: Set<ItemKey> = []
    }

    /// One call.
    private func ask(_ keys: Set<ItemKey>, into result: inout Result) async throws(DynamoDBError) -> Untold {
        var attributes: [[AttributeName: AttributeValue]] = []
        for key in keys { attributes.append(try self.attributes(of: key)) }
        let page = try await api.batchGetItem(table: table, keys: attributes)
        var absent = keys
        for item in page.items {
            guard let key = try? key(of: item), absent.remove(key) != nil else { continue }
            result.states[key] = .found(item)
        }
        var nameless: String?
        for item in page.unreadable {
            guard let key = try? item.key(schema: schema) else {
                nameless = item.reason
                continue
            }
            if absent.remove(key) != nil { result.states[key] = .unreadable(item.reason) }
        }
        var untold = Untold()
        for attributes in page.unprocessedKeys {
            guard let key = try? key(of: Item(attributes)), absent.remove(key) != nil else { continue }
            untold.unprocessed.insert(key)
        }
        if let nameless, keys.count == 1 {
            for key in absent { result.states[key] = .unreadable(nameless) }
        } else if nameless != nil {
            untold.doubtful = absent
        } else {
            for key in absent { result.states[key] = .absent }
        }
        return untold
    }

    private func key(of item: Item) throws(KeyError) -> ItemKey { try item.key(schema: schema) }

    private func attributes(of key: ItemKey) throws(DynamoDBError) -> [AttributeName: AttributeValue] {
        do throws(KeyError) { return try key.attributes(schema: schema) } catch {
            throw failure(.fatal, "InvalidKey", "a key does not fit the table's key schema (\(error))")
        }
    }

    private func withheld(_ count: Int) -> DynamoDBError {
        failure(
            .throttled,
            "UnprocessedKeys",
            "\(count) keys stayed unprocessed after \(limits.fetchAttempts) attempts"
        )
    }

    private func failure(_ kind: DynamoDBError.Kind, _ code: DynamoDBError.Code, _ message: String) -> DynamoDBError {
        DynamoDBError(
            kind: kind,
            operation: "BatchGetItem",
            subject: "table \(table)",
            code: code,
            message: message,
            hint: "It is retried; raise the table's read capacity if it persists."
        )
    }
}

extension Item {
    /// The item's primary key under `schema`.
    func key(schema: KeySchema) throws(KeyError) -> ItemKey {
        let result = packed.withUnsafeBytes { bytes in
            Result { () throws(KeyError) in try PackedItem.key(of: bytes, schema: schema) }
        }
        return try result.get()
    }
}
