import Digest
import Testing

@testable import API

/// Tickets of several replicas with the same tokens.
@Suite struct TicketsTests {
    private let any = TicketTarget(pattern: "/v1/events", parameters: [])

    private func replica(_ names: [String] = ["app", "other"], age: Duration = AuthenticationLimits.ticketAge) throws
        -> TicketReplica
    {
        try TicketReplica(TicketReplica.file(names), age: age)
    }

    private func issue(at replica: TicketReplica, _ name: String = "app", for target: TicketTarget? = nil) throws
        -> String
    {
        try replica.tickets.issue(for: replica.token("\(name)-0123456789abcdef"), target: target)
    }

    private func fault(_ replica: TicketReplica, _ ticket: String, for target: TicketTarget? = nil) -> Tickets.Fault? {
        do throws(Tickets.Fault) {
            _ = try replica.tickets.redeem(ticket, for: target ?? any)
            return nil
        } catch { return error }
    }

    @Test("each replica accepts a ticket once, whichever made it")
    func replicas() throws {
        let (first, second) = (try replica(), try replica())
        for _ in 0..<20 {
            let ticket = try issue(at: first)
            #expect(try second.tickets.redeem(ticket, for: any).token.name == "app")
            #expect(fault(second, ticket) == .used)
            #expect(fault(first, ticket) == nil)
            #expect(fault(first, ticket) == .used)
        }
    }

    @Test("two tickets of one moment are two")
    func distinct() throws {
        let replica = try replica()
        #expect(try Set((0..<100).map { _ in try issue(at: replica) }).count == 100)
    }

    @Test("replicas agree whether their file has the token or its digest, and whatever else it has")
    func otherFiles() throws {
        let digest = SHA256Digest("app-0123456789abcdef".utf8).hexadecimal
        let first = try replica()
        let second = try TicketReplica(
            #"{"tokens": [{"name": "renamed", "sha256": "\#(digest)", "scopes": ["stream"]}]}"#
        )
        #expect(try second.tickets.redeem(issue(at: first), for: any).token.name == "renamed")
        #expect(fault(second, try issue(at: first, "other")) == .unknownToken)
    }

    @Test("a ticket has the rights that its token has at the replica that accepts it")
    func currentRights() throws {
        let (first, second) = (try replica(), try replica())
        let ticket = try issue(at: first, for: any)
        #expect(try second.tickets.redeem(ticket, for: any).token.keys == nil)
        second.replaceFile(
            TicketReplica.file(["app"], scopes: #""stream""#, keys: #", "keys": {"partition_prefix": "t7#"}"#)
        )
        let grant = try second.tickets.redeem(ticket, for: any)
        #expect(grant.token.keys == KeyRestriction(partition: .prefix("t7#"), sortPrefix: nil))
        #expect(grant.token.scopes == [.stream])
    }

    @Test("a ticket ends with its token, and lives through a change of others")
    func removedToken() throws {
        let replica = try replica(["app", "other"])
        let (single, reusable) = (try issue(at: replica), try issue(at: replica, for: any))
        replica.replaceFile(TicketReplica.file(["app", "third"]))
        #expect(fault(replica, reusable) == nil)
        replica.replaceFile(TicketReplica.file(["third"]))
        #expect(fault(replica, single) == .unknownToken)
        #expect(fault(replica, reusable) == .unknownToken)
        // The same name with another secret is another token.
        replica.replaceFile(#"{"tokens": [{"name": "app", "token": "fresh-0123456789abcdef", "scopes": ["stream"]}]}"#)
        #expect(fault(replica, single) == .unknownToken)
    }

    @Test("a ticket of one use is good for 60 seconds, also while the machine sleeps")
    func end() throws {
        let replica = try replica()
        let (early, late) = (try issue(at: replica), try issue(at: replica))
        replica.moveClock(.milliseconds(59_999))
        #expect(fault(replica, early) == nil)
        replica.moveClock(.milliseconds(1))
        let end = TicketReplica.start + 60_000
        #expect(fault(replica, late) == .ended(end: end, now: end))
        let text = try #require(fault(replica, late)?.problem.detail)
        #expect(
            text.contains("ended at 2023-11-14T22:14:20.000Z, and this replica's clock says 2023-11-14T22:14:20.000Z")
        )
    }

    @Test("clocks may differ by 30 seconds either way; behind that, the text names the clocks")
    func clocks() throws {
        for seconds in [-30, -1, 1, 30] {
            let (first, second) = (try replica(), try replica())
            second.moveClock(.seconds(seconds))
            #expect(fault(second, try issue(at: first)) == nil, "\(seconds)")
        }
        let (first, behind) = (try replica(), try replica())
        behind.moveClock(.seconds(-31))
        let now = TicketReplica.start - 31_000
        #expect(
            fault(behind, try issue(at: first)) == .endsTooLate(end: TicketReplica.start + 60_000, now: now, .single)
        )
        let text = try #require(fault(behind, try issue(at: first))?.problem.detail)
        #expect(text.contains("The clocks of the replicas differ"))
    }

    @Test("a reusable ticket opens its path and query any number of times until it ends")
    func reusable() throws {
        let (first, second) = (try replica(age: .seconds(3600)), try replica(age: .seconds(3600)))
        let target = TicketTarget(pattern: "/v1/events", parameters: [("pk", "a")])
        let ticket = try issue(at: first, for: target)
        for _ in 0..<3 {
            #expect(try first.tickets.redeem(ticket, for: target).ticketEnd == TicketReplica.start + 3_600_000)
            #expect(fault(second, ticket, for: target) == nil)
        }
        #expect(fault(second, ticket) == .otherTarget)
        let changes = TicketTarget(pattern: "/v1/changes", parameters: [("pk", "a")])
        #expect(fault(second, ticket, for: changes) == .otherTarget)
        second.advance(.seconds(3600))
        let end = TicketReplica.start + 3_600_000
        #expect(fault(second, ticket, for: target) == .ended(end: end, now: end))
    }

    @Test("a reusable ticket lasts nowhere longer than the replica's own would")
    func shorterAge() throws {
        let (first, second) = (try replica(age: .seconds(3600)), try replica(age: .seconds(600)))
        let ticket = try issue(at: first, for: any)
        let problem = try #require(fault(second, ticket)?.problem)
        #expect(problem.status == 401 && problem.detail.contains("or --ticket-age"))
        second.advance(.seconds(3600 - 629))
        #expect(fault(second, ticket) == nil)
    }

    @Test("a ticket of one use opens any path, and one that is no ticket opens nothing")
    func kinds() throws {
        let replica = try replica()
        let target = TicketTarget(pattern: "/v1/changes", parameters: [("pk", "a")])
        #expect(fault(replica, try issue(at: replica), for: target) == nil)
        let ticket = try issue(at: replica)
        for text in ["", "x", String(ticket.dropLast()), ticket + "A", String(repeating: "A", count: 64)] {
            #expect(fault(replica, text) == .invalid, "\(text)")
        }
        // The last character of the seal.
        let forged = ticket.dropLast() + (ticket.hasSuffix("A") ? "B" : "A")
        #expect(fault(replica, String(forged)) == .invalid)
        #expect(fault(replica, ticket) == nil)
    }

    @Test("a token gets so many tickets a minute, and another token's are not counted with them")
    func rate() throws {
        let replica = try replica()
        for _ in 0..<AuthenticationLimits.ticketsPerToken { _ = try issue(at: replica) }
        #expect(throws: Tickets.TooMany(retrySeconds: 61)) { try issue(at: replica) }
        _ = try issue(at: replica, "other")
        replica.advance(.seconds(50))
        #expect(throws: Tickets.TooMany(retrySeconds: 11)) { try issue(at: replica, for: any) }
        replica.advance(.seconds(10))
        _ = try issue(at: replica)
    }

    @Test("one token's used tickets are bounded: one more is refused, and not forgotten")
    func usedShare() throws {
        let (first, second) = (try replica(), try replica())
        var last = ""
        let key = TicketKey(of: try first.token("app-0123456789abcdef").digest)
        for number in 0..<AuthenticationLimits.usedTicketsPerToken {
            let ticket = SealedTicket(
                kind: .single,
                tokenID: key.tokenID,
                end: TicketReplica.start + 60_000,
                mark: TicketMark(high: 1, low: UInt64(number))
            )
            last = ticket.text(under: key)
            _ = try second.tickets.redeem(last, for: any)
        }
        #expect(fault(second, last) == .used)
        let refused = try #require(fault(second, try issue(at: first)))
        #expect(refused == .tokenUsesTooMany(name: "app"))
        #expect(refused.problem.status == 429)
        #expect(fault(second, try issue(at: first, "other")) == nil)
        second.advance(.seconds(61))
        first.advance(.seconds(61))
        #expect(fault(second, try issue(at: first)) == nil)
    }

    @Test("no text of a fault has a ticket, and each says what to do")
    func texts() {
        let faults: [Tickets.Fault] = [
            .invalid, .unknownToken, .ended(end: 1, now: 2), .endsTooLate(end: 1, now: 2, .single),
            .endsTooLate(end: 1, now: 2, .reusable), .used, .otherTarget,
        ]
        for fault in faults {
            #expect(fault.problem.status == 401)
            #expect(fault.problem.detail.contains("POST /v1/tickets"), "\(fault)")
        }
        #expect(Set(faults.map(\.problem.detail)).count == faults.count)
    }
}
