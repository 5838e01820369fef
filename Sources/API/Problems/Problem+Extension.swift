import Basics
import HTTPServer
package import Replication

extension Problem {
    /// One thing that a problem says beside its kind and its detail: a member of the JSON object, a field, or both.
    package enum Extension: Sendable, Hashable {
        /// The parameter that it is about.
        case parameter(String)
        /// Why the replica is as it is, by name.
        case reasonCode(String)
        /// The replica's state.
        case state(ReplicaState)
        /// The condition under which the service would be ready.
        case readyWhen(ReadyWhen)
        /// The values that would have been allowed.
        case allowed([String])
        /// The place in the parameter's text, in characters from 1.
        case column(Int)
        /// The element of the body that it is about, from 0.
        case index(Int)
        /// The scope that the token lacks; `keys` for one that is restricted to other keys.
        case scope(String)
        /// The newest position, where the client waited for another.
        case position(String)
        /// The target at which a feed that cannot be resumed can begin, as a member and a link.
        case restart(String)
        /// When to retry, in the field Retry-After: a random time that `RetryHints` makes of these, so that clients spread.
        case retryAfter(seconds: Int, upTo: Int? = nil)
        /// How to authenticate, in the field WWW-Authenticate.
        case challenge(String)

        func write(to json: inout JSONWriter) {
            switch self {
            case .parameter(let name): json.member("parameter", name)
            case .reasonCode(let code): json.member("reason_code", code)
            case .state(let state): json.member("state", state.rawValue)
            case .readyWhen(let condition): json.member(ReadyWhen.parameter, condition.rawValue)
            case .allowed(let values): json.array("allowed", values) { $0.string($1) }
            case .column(let column): json.member("column", column)
            case .index(let index): json.member("index", index)
            case .scope(let scope): json.member("scope", scope)
            case .position(let position): json.member("position", position)
            case .restart(let target): json.member("restart", target)
            case .retryAfter, .challenge: break
            }
        }

        func add(to fields: inout HTTPFields, _ hints: RetryHints) {
            switch self {
            case .challenge(let challenge): fields.add("WWW-Authenticate", challenge)
            case .restart(let target): fields.addLink(target, "restart")
            case .retryAfter(let least, let most):
                fields.add("Retry-After", String(hints.seconds(atLeast: least, upTo: most)))
            case .parameter, .reasonCode, .state, .readyWhen, .allowed, .column, .index, .scope, .position: break
            }
        }
    }
}
