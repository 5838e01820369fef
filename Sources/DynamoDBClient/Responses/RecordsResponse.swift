import TableModel

/// The response of GetRecords.
enum RecordsResponse {
    /// Reads the response. A record whose images alone cannot be read comes without them, and says so in its event name: what happened
    /// to its item has to be asked of the table, as for an event that is not known. A record whose keys cannot be read comes with that
    /// fault. What has no event name or no sequence number is no record, and throws.
    static func decode(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> RecordsPage {
        try Lenience.decode(bytes, decode(_:toleratesFaults:))
    }

    private static func decode(
        _ bytes: UnsafeRawBufferPointer,
        toleratesFaults: Bool
    ) throws(JSONError) -> RecordsPage {
        var json = JSONReader(bytes)
        var records: [StreamRecord]?
        var hasIterator = false
        var iterator: String?
        try json.beginObject()
        while let name = try json.nextMember() {
            switch name {
            case "Records":
                var read: [StreamRecord] = []
                try json.beginArray()
                while try json.nextElement() {
                    read.append(
                        try RecordResponse.decode(&json, of: bytes, index: read.count, toleratesFaults: toleratesFaults)
                    )
                }
                records = read
            case "NextShardIterator":
                hasIterator = true
                iterator = try json.readOptionalString()
            default: try json.skipValue()
            }
        }
        try json.readEnd()
        // Without either, this is not a response of GetRecords; a shard's end has Records, perhaps none of them.
        guard records != nil || hasIterator else { throw .unmet("there are neither Records nor NextShardIterator") }
        return RecordsPage(records: records ?? [], nextIterator: iterator)
    }
}

/// One record of a GetRecords response.
struct RecordResponse {
    private var eventID = ""
    private var eventName: RecordEventName?
    private var eventVersion = ""
    private var userIdentity: UserIdentity?
    private var keys: Item?
    private var newImage: Item?
    private var oldImage: Item?
    private var sequenceNumber: SequenceNumber?
    private var createdAt: Int64?
    /// Whether parts that cannot be read are tolerated. Otherwise they throw.
    private let toleratesFaults: Bool
    /// Why the new image cannot be read.
    private var imageFault: String?
    /// Why the keys cannot be read.
    private var keysFault: String?

    private init(toleratesFaults: Bool) { self.toleratesFaults = toleratesFaults }

    /// Reads a record of `bytes`; an error names it by its place, its event and its sequence number.
    static func decode(
        _ json: inout JSONReader,
        of bytes: UnsafeRawBufferPointer,
        index: Int,
        toleratesFaults: Bool
    ) throws(JSONError) -> StreamRecord {
        let start = json.offset
        do {
            var response = RecordResponse(toleratesFaults: toleratesFaults)
            try json.beginObject()
            while let name = try json.nextMember() { try response.readMember(name, &json) }
            return try response.record()
        } catch {
            throw JSONError("record \(index)\(identity(bytes.dropFirst(start))): \(error.reason)", offset: error.offset)
        }
    }

    private mutating func readMember(_ member: JSONName, _ json: inout JSONReader) throws(JSONError) {
        switch member {
        case "eventID": eventID = try readExtra(&json, Self.readText) ?? ""
        case "eventVersion": eventVersion = try readExtra(&json, Self.readText) ?? ""
        case "eventName":
            let text = try json.readString()
            eventName =
                switch text {
                case "INSERT": .insert
                case "MODIFY": .modify
                case "REMOVE": .remove
                default: .unknown(text)
                }
        case "userIdentity", "UserIdentity":
            userIdentity = try readExtra(&json, Self.readUserIdentity)
        case "dynamodb":
            try json.beginObject()
            while let name = try json.nextMember() { try readChange(name, &json) }
        default: try json.skipValue()
        }
    }

    private mutating func readChange(_ member: JSONName, _ json: inout JSONReader) throws(JSONError) {
        switch member {
        case "Keys":
            if try json.readNull() { return }
            switch try readItem(&json) {
            case .success(let item): keys = item
            case .failure(let fault):
                keys = Item(fault.item.attributes)
                keysFault = fault.item.reason
            }
        case "NewImage":
            if try json.readNull() { return }
            switch try readItem(&json) {
            case .success(let item): newImage = item
            case .failure(let fault): imageFault = fault.item.reason
            }
        // The item before is an extra: without it the record still says all of the item after.
        case "OldImage":
            if try json.readNull() { return }
            if case .success(let item) = try readItem(&json) { oldImage = item }
        case "SequenceNumber": sequenceNumber = try json.readSequenceNumber()
        case "ApproximateCreationDateTime":
            if try json.readNull() { return }
            createdAt = try readExtra(&json, Self.readMoment)
        default: try json.skipValue()
        }
    }

    private static func readText(_ json: inout JSONReader) throws(JSONError) -> String? {
        try json.readOptionalString()
    }

    /// Milliseconds from seconds since 1970: whole ones from AWS, with a fraction from some other endpoints.
    private static func readMoment(_ json: inout JSONReader) throws(JSONError) -> Int64? {
        guard let exact = Int64(exactly: (try json.readDouble() * 1_000).rounded()) else {
            throw .unmet("ApproximateCreationDateTime is out of range")
        }
        return exact
    }

    /// Reads an optional part of a record; nil if it cannot be read and faults are tolerated.
    private func readExtra<Value>(
        _ json: inout JSONReader,
        _ read: (inout JSONReader) throws(JSONError) -> Value?
    ) throws(JSONError) -> Value? {
        if !toleratesFaults { return try read(&json) }
        var part = JSONReader(try json.skipLoosely())
        return try? read(&part)
    }

    private func readItem(_ json: inout JSONReader) throws(JSONError) -> Result<Item, UnreadableItem> {
        try Lenience.readItem(&json, toleratesFaults: toleratesFaults)
    }

    /// The API model writes `PrincipalId` and `Type`, the guide and Lambda's events `principalId` and `type`.
    private static func readUserIdentity(_ json: inout JSONReader) throws(JSONError) -> UserIdentity? {
        if try json.readNull() { return nil }
        var type = ""
        var principal = ""
        try json.beginObject()
        while let name = try json.nextMember() {
            switch name {
            case "Type", "type": type = try json.readOptionalString() ?? ""
            case "PrincipalId", "principalId": principal = try json.readOptionalString() ?? ""
            default: try json.skipValue()
            }
        }
        return UserIdentity(type: type, principalID: principal)
    }

    private mutating func record() throws(JSONError) -> StreamRecord {
        guard var eventName else { throw .unmet("there is no eventName") }
        // Without the place, so that a log which names each kind once stays short.
        if let imageFault {
            eventName = .unknown("\(Self.name(eventName)) whose NewImage cannot be read (\(imageFault))")
        }
        if keys == nil, toleratesFaults {
            keysFault = "Keys is missing"
            keys = Item([:])
        }
        guard let keys else { throw .unmet("there are no Keys") }
        guard let sequenceNumber else { throw .unmet("there is no SequenceNumber") }
        return StreamRecord(
            eventID: eventID,
            eventName: eventName,
            eventVersion: eventVersion,
            keys: keys,
            newImage: newImage,
            oldImage: oldImage,
            sequenceNumber: sequenceNumber,
            approximateCreationMilliseconds: createdAt,
            userIdentity: userIdentity,
            fault: keysFault.map(RecordFault.keys) ?? imageFault.map(RecordFault.newImage)
        )
    }

    private static func name(_ event: RecordEventName) -> String {
        switch event {
        case .insert: "INSERT"
        case .modify: "MODIFY"
        case .remove: "REMOVE"
        case .unknown(let name): name
        }
    }

    /// The identity of a record that is not understood, as far as its JSON tells it.
    private static func identity(_ bytes: UnsafeRawBufferPointer.SubSequence) -> String {
        var json = JSONReader(UnsafeRawBufferPointer(rebasing: bytes))
        var eventID: String?
        var number: String?
        try? readIdentity(&json, &eventID, &number)
        let parts = [eventID.map { "eventID \($0.prefix(64))" }, number.map { "sequence number \($0.prefix(64))" }]
        let known = parts.compactMap { $0 }.joined(separator: ", ")
        return known.isEmpty ? "" : " (\(known))"
    }

    private static func readIdentity(
        _ json: inout JSONReader,
        _ eventID: inout String?,
        _ number: inout String?
    ) throws(JSONError) {
        try json.beginObject()
        while let name = try json.nextMember() {
            switch name {
            case "eventID" where try json.peek() == UInt8(ascii: "\""): eventID = try json.readString()
            case "dynamodb" where try json.peek() == UInt8(ascii: "{"):
                try json.beginObject()
                while let name = try json.nextMember() {
                    switch name {
                    case "SequenceNumber" where try json.peek() == UInt8(ascii: "\""): number = try json.readString()
                    default: try json.skipValue()
                    }
                }
            default: try json.skipValue()
            }
        }
    }
}
