import Basics
import TableModel

/// The response of DescribeTable.
struct TableResponse {
    private var name: String?
    private var arn = ""
    private var status = ""
    private var keys: [(name: String, role: String)] = []
    private var types: [AttributeName: String] = [:]
    private var streamARN: String?
    private var isStreamEnabled = false
    private var viewType: StreamViewType?
    private var itemCount: Int64 = 0
    private var capacity = TableCapacity()
    private var summaries = TableSummaries()

    static func decode(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> TableDescription {
        var json = JSONReader(bytes)
        var response = TableResponse()
        var isTable = false
        try json.beginObject()
        while let name = try json.nextMember() {
            guard name == "Table" else {
                try json.skipValue()
                continue
            }
            isTable = true
            try json.beginObject()
            while let name = try json.nextMember() { try response.readMember(name, &json) }
        }
        try json.readEnd()
        guard isTable else { throw .unmet("there is no Table") }
        return try response.description()
    }

    private mutating func readMember(_ member: JSONName, _ json: inout JSONReader) throws(JSONError) {
        switch member {
        case "TableName": name = try json.readOptionalString()
        case "TableArn": arn = try json.readOptionalString() ?? ""
        case "TableStatus": status = try json.readOptionalString() ?? ""
        case "ItemCount": itemCount = Int64(saturating: try json.readDouble())
        case "LatestStreamArn": streamARN = try json.readOptionalString()
        case "TableSizeBytes": try capacity.readSize(&json)
        case "ProvisionedThroughput": try capacity.readProvisioned(&json)
        case "OnDemandThroughput": try capacity.readOnDemand(&json)
        case "WarmThroughput": try capacity.readWarm(&json)
        case "KeySchema": try readKeySchema(&json)
        case "AttributeDefinitions": try readAttributeDefinitions(&json)
        case "StreamSpecification": try readStreamSpecification(&json)
        case "SSEDescription": try summaries.readEncryption(&json)
        case "ArchivalSummary": try summaries.readArchival(&json)
        case "RestoreSummary": try summaries.readRestore(&json)
        default: try json.skipValue()
        }
    }

    private mutating func readKeySchema(_ json: inout JSONReader) throws(JSONError) {
        var keys: [(name: String, role: String)] = []
        try json.beginArray()
        while try json.nextElement() {
            var key = (name: "", role: "")
            try json.beginObject()
            while let member = try json.nextMember() {
                switch member {
                case "AttributeName": key.name = try json.readString()
                case "KeyType": key.role = try json.readString()
                default: try json.skipValue()
                }
            }
            keys.append(key)
        }
        self.keys = keys
    }

    private mutating func readAttributeDefinitions(_ json: inout JSONReader) throws(JSONError) {
        var types: [AttributeName: String] = [:]
        try json.beginArray()
        while try json.nextElement() {
            var definition = (name: "", type: "")
            try json.beginObject()
            while let member = try json.nextMember() {
                switch member {
                case "AttributeName": definition.name = try json.readString()
                case "AttributeType": definition.type = try json.readString()
                default: try json.skipValue()
                }
            }
            types[AttributeName(definition.name)] = definition.type
        }
        self.types = types
    }

    private mutating func readStreamSpecification(_ json: inout JSONReader) throws(JSONError) {
        if try json.readNull() { return }
        var isEnabled = false
        var type: StreamViewType?
        try json.beginObject()
        while let member = try json.nextMember() {
            switch member {
            case "StreamEnabled": isEnabled = try json.readBool()
            case "StreamViewType": type = try json.readOptionalString().flatMap(StreamViewType.init(rawValue:))
            default: try json.skipValue()
            }
        }
        isStreamEnabled = isEnabled
        viewType = type
    }

    private func description() throws(JSONError) -> TableDescription {
        guard let name else { throw .unmet("the table has no TableName") }
        guard let partition = try key("HASH") else { throw .unmet("the table's KeySchema has no HASH key") }
        return TableDescription(
            name: name,
            arn: arn,
            status: status,
            keySchema: KeySchema(partition: partition, sort: try key("RANGE")),
            latestStreamARN: streamARN,
            streamEnabled: isStreamEnabled,
            streamViewType: viewType,
            approximateItemCount: itemCount,
            capacity: capacity,
            summaries: summaries
        )
    }

    private func key(_ role: String) throws(JSONError) -> KeyAttribute? {
        guard let name = keys.first(where: { $0.role == role })?.name else { return nil }
        guard let type = types[AttributeName(name)].flatMap(KeyType.init(rawValue:)) else {
            throw .unmet("AttributeDefinitions gives no type S, N or B for the key \(name)")
        }
        return KeyAttribute(name: name, type: type)
    }
}
