import TableModel

/// The answer of GetRecords.
enum RecordsAnswer {
    /// Reads the answer. A record whose images alone cannot be read comes without them, and says so in its event name: what happened
    /// to its item has to be asked of the table, as for an event that is not known. Anything else that cannot be read throws.
    static func decode(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> RecordsPage {
        do {
            return try decode(bytes, bearingImages: false)
        } catch {
            // Only where something is wrong is the page read a second time, with a look at each image by itself.
            guard let page = try? decode(bytes, bearingImages: true) else { throw error }
            return page
        }
    }

    private static func decode(
        _ bytes: UnsafeRawBufferPointer,
        bearingImages: Bool
    ) throws(JSONError) -> RecordsPage {
        var json = JSONReader(bytes)
        var records: [StreamRecord]?
        var hasIterator = false
        var iterator: String?
        try json.readObject { name, json throws(JSONError) in
            switch name {
            case "Records":
                var read: [StreamRecord] = []
                try json.readArray { json throws(JSONError) in
                    read.append(
                        try RecordAnswer.decode(&json, of: bytes, index: read.count, bearingImages: bearingImages)
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
        // Without either, this is not an answer of GetRecords; a shard's end has Records, perhaps none of them.
        guard records != nil || hasIterator else { throw .unmet("there are neither Records nor NextShardIterator") }
        return RecordsPage(records: records ?? [], nextIterator: iterator)
    }
}

/// One record of a GetRecords answer.
struct RecordAnswer {
    private var eventID = ""
    private var eventName: RecordEventName?
    private var eventVersion = ""
    private var userIdentity: UserIdentity?
    private var keys: Item?
    private var newImage: Item?
    private var oldImage: Item?
    private var sequenceNumber: SequenceNumber?
    private var createdAt: Int64?
    /// The page, where images that cannot be read are borne; nil where they throw.
    private var page: UnsafeRawBufferPointer?
    /// Why the new image cannot be read.
    private var imageFault: String?

    /// Reads a record of `bytes`; an error names it by its place, its event and its sequence number.
    static func decode(
        _ json: inout JSONReader,
        of bytes: UnsafeRawBufferPointer,
        index: Int,
        bearingImages: Bool
    ) throws(JSONError) -> StreamRecord {
        let start = json.offset
        do {
            var answer = RecordAnswer()
            if bearingImages { answer.page = bytes }
            try json.readObject { name, json throws(JSONError) in try answer.readMember(name, &json) }
            return try answer.record()
        } catch {
            throw JSONError("record \(index)\(identity(bytes.dropFirst(start))): \(error.reason)", offset: error.offset)
        }
    }

    private mutating func readMember(_ member: String, _ json: inout JSONReader) throws(JSONError) {
        switch member {
        case "eventID": eventID = try json.readOptionalString() ?? ""
        case "eventVersion": eventVersion = try json.readOptionalString() ?? ""
        case "eventName":
            let text = try json.readString()
            eventName =
                switch text {
                case "INSERT": .insert
                case "MODIFY": .modify
                case "REMOVE": .remove
                default: .unknown(text)
                }
        case "userIdentity", "UserIdentity": userIdentity = try Self.readIdentity(&json)
        case "dynamodb":
            try json.readObject { name, json throws(JSONError) in try readChange(name, &json) }
        default: try json.skipValue()
        }
    }

    private mutating func readChange(_ member: String, _ json: inout JSONReader) throws(JSONError) {
        switch member {
        case "Keys": keys = try json.readNull() ? nil : try json.readItem()
        case "NewImage":
            newImage = try json.readNull() ? nil : try readImage(&json) { answer, reason in answer.imageFault = reason }
        // The item before is an extra: without it the record still says all of the item after.
        case "OldImage": oldImage = try json.readNull() ? nil : try readImage(&json) { _, _ in }
        case "SequenceNumber": sequenceNumber = try json.readSequenceNumber()
        case "ApproximateCreationDateTime":
            if try json.readNull() { return }
            // Seconds since 1970: whole ones from AWS, with a fraction from some other endpoints.
            let milliseconds = (try json.readDouble() * 1_000).rounded()
            guard let exact = Int64(exactly: milliseconds) else {
                throw .unmet("ApproximateCreationDateTime is out of range")
            }
            createdAt = exact
        default: try json.skipValue()
        }
    }

    /// An image; nil for one that cannot be read, where that is borne.
    private mutating func readImage(
        _ json: inout JSONReader,
        _ fault: (inout RecordAnswer, String) -> Void
    ) throws(JSONError) -> Item? {
        guard let page else { return try json.readItem() }
        let start = json.offset
        try json.skipValue()
        var image = JSONReader(UnsafeRawBufferPointer(rebasing: page[start..<json.offset]))
        do {
            return try image.readItem()
        } catch {
            fault(&self, error.reason)
            return nil
        }
    }

    /// The API model writes `PrincipalId` and `Type`, the guide and Lambda's events `principalId` and `type`.
    private static func readIdentity(_ json: inout JSONReader) throws(JSONError) -> UserIdentity? {
        if try json.readNull() { return nil }
        var type = ""
        var principal = ""
        try json.readObject { name, json throws(JSONError) in
            switch name {
            case "Type", "type": type = try json.readOptionalString() ?? ""
            case "PrincipalId", "principalId": principal = try json.readOptionalString() ?? ""
            default: try json.skipValue()
            }
        }
        return UserIdentity(type: type, principalID: principal)
    }

    private func record() throws(JSONError) -> StreamRecord {
        guard var eventName else { throw .unmet("there is no eventName") }
        // Without the place, so that a log which names each kind once stays short.
        if let imageFault {
            eventName = .unknown("\(Self.name(eventName)) whose NewImage cannot be read (\(imageFault))")
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
            userIdentity: userIdentity
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

    /// What can be told of a record that is not understood, as far as its JSON goes.
    private static func identity(_ bytes: UnsafeRawBufferPointer.SubSequence) -> String {
        var json = JSONReader(UnsafeRawBufferPointer(rebasing: bytes))
        var eventID: String?
        var number: String?
        try? json.readObject { name, json throws(JSONError) in
            switch name {
            case "eventID" where try json.peek() == UInt8(ascii: "\""): eventID = try json.readString()
            case "dynamodb" where try json.peek() == UInt8(ascii: "{"):
                try json.readObject { name, json throws(JSONError) in
                    if name == "SequenceNumber", try json.peek() == UInt8(ascii: "\"") {
                        number = try json.readString()
                    } else {
                        try json.skipValue()
                    }
                }
            default: try json.skipValue()
            }
        }
        let parts = [eventID.map { "eventID \($0.prefix(64))" }, number.map { "sequence number \($0.prefix(64))" }]
        let known = parts.compactMap { $0 }.joined(separator: ", ")
        return known.isEmpty ? "" : " (\(known))"
    }
}
