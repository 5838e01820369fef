/// One connection that a case runs on.
struct CaseRun {
    private let httpCase: HTTPCase
    private let manner: String
    private let connection: CaseConnection
    private var step = -1
    private var kept: [String: String] = [:]
    /// The last answer said that the connection closes.
    private var isLastAnswer = false
    /// The current step's bytes, with what they refer to filled in.
    private(set) var bytes: [UInt8] = []

    init(_ httpCase: HTTPCase, _ port: Int, _ manner: String) throws(CaseFailure) {
        self.httpCase = httpCase
        self.manner = manner
        connection = try CaseConnection(port: port)
    }

    /// Goes to the next step; at the end checks how the connection ends, and says that there is none.
    mutating func begin() throws(CaseFailure) -> Bool {
        step += 1
        guard step < httpCase.steps.count else {
            try explained(checkEnd)
            return false
        }
        var text = httpCase.steps[step].bytes
        for (name, value) in kept { text = text.replacing(Array("${\(name)}".utf8), with: Array(value.utf8)) }
        bytes = text
        return true
    }

    /// Sends a part of the step, unless the server has refused already.
    func feed(_ range: Range<Int>) throws(CaseFailure) {
        let replies = httpCase.steps[step].replies
        if replies.count == 1, replies[0].request == nil, connection.hasAnswer() { return }
        do throws(CaseFailure) {
            try connection.send(bytes[range])
        } catch {
            // A server that has closed need not take what comes behind its last answer.
            if httpCase.end != .close { throw CaseFailure("\(manner): \(error)") }
        }
    }

    /// Reads and checks what the step brings about.
    mutating func finishStep() throws(CaseFailure) {
        let expected = httpCase.steps[step]
        if expected.replies.isEmpty, !expected.isInterim, httpCase.end == .waiting { connection.finishSending() }
        if expected.isInterim {
            let status = try explained { () throws(CaseFailure) in try connection.response(toHead: false).status }
            guard status == 100 else { throw CaseFailure("\(manner): \(status) instead of 100 Continue") }
        }
        for reply in expected.replies {
            let response = try explained { () throws(CaseFailure) -> CaseResponse in
                let isHead = reply.request?.method == "HEAD"
                var response = try connection.response(toHead: isHead)
                if response.status == 100, httpCase.mayContinue { response = try connection.response(toHead: isHead) }
                var wanted = reply
                for index in wanted.fields.indices {
                    for (name, value) in kept {
                        wanted.fields[index].value?.replace("${\(name)}", with: value)
                    }
                }
                try response.check(wanted)
                return response
            }
            for (name, field) in reply.kept { kept[name] = response[field] ?? "" }
            isLastAnswer = response["connection"] == "close"
        }
    }

    private func checkEnd() throws(CaseFailure) {
        if isLastAnswer != (httpCase.end == .close) {
            throw CaseFailure("the last answer says \(isLastAnswer ? "" : "not ")that the connection closes")
        }
        switch httpCase.end {
        case .open:
            try connection.send(Array("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n".utf8)[...])
            let status = try connection.response(toHead: false).status
            if status != 200 { throw CaseFailure("the connection went on with a \(status)") }
        case .close, .waiting:
            let rest = try connection.rest()
            if !rest.isEmpty {
                throw CaseFailure("more came: \(String(decoding: rest, as: UTF8.self).debugDescription)")
            }
        }
    }

    private func explained<Result>(_ body: () throws(CaseFailure) -> Result) throws(CaseFailure) -> Result {
        do { return try body() } catch { throw CaseFailure("\(manner): \(error)") }
    }
}
