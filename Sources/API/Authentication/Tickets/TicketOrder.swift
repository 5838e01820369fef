import TableModel

/// Reads the body of `POST /v1/tickets`: nothing, or `{"reusable": true, "url": "events?pk=a"}`.
struct TicketOrder: Sendable, Hashable {
    /// The URL of a reusable ticket; nil for a ticket of one use.
    var url: String?

    /// The URL that is meant when none is given: every change that the token may see.
    private static let wholeFeed = "events"
    private static let example = #"{"reusable":true,"url":"events?pk=a"}"#

    /// Reads a body that is not empty.
    init(_ body: [UInt8]) throws(Problem) {
        let outcome: Result<TicketOrder, Problem>
        do throws(JSONError) {
            outcome = try JSONReader.withReader(over: body, maximumDepth: 2, Self.read)
        } catch {
            throw Self.problem(
                "The body is not the JSON that it must be: \(error.reason), at byte \(error.offset). Send none, or one such as "
                    + "\(Self.example)."
            )
        }
        self = try outcome.get()
    }

    private init(isReusable: Bool?, url: String?) throws(Problem) {
        guard url == nil || isReusable == true else {
            throw Self.problem(
                "The member 'url' of the body needs 'reusable' to be true: other tickets open any stream once."
            )
        }
        self.url = isReusable == true ? url ?? Self.wholeFeed : nil
    }

    private static func read(_ json: inout JSONReader) throws(JSONError) -> Result<TicketOrder, Problem> {
        var isReusable: Bool?
        var url: String?
        try json.beginObject()
        while let name = try json.nextMember() {
            switch name {
            case "reusable" where isReusable == nil:
                let first = try json.peek()
                guard first == UInt8(ascii: "t") || first == UInt8(ascii: "f") else {
                    return .failure(problem("The member 'reusable' of the body must be true or false."))
                }
                isReusable = try json.readBool()
            case "url" where url == nil:
                guard try json.peek() == UInt8(ascii: "\"") else {
                    return .failure(problem("The member 'url' of the body must be a string, as in \(example)."))
                }
                url = try json.readString()
            default:
                let fault = name == "reusable" || name == "url" ? "is given twice" : "is unknown"
                let shown = QueryParameters.shown(name.text)
                return .failure(problem("The member '\(shown)' of the body \(fault): allowed are reusable and url."))
            }
        }
        try json.readEnd()
        let read = (isReusable, url)
        return Result { () throws(Problem) in try TicketOrder(isReusable: read.0, url: read.1) }
    }

    private static func problem(_ detail: String) -> Problem { Problem(400, .invalidBody, detail) }
}
