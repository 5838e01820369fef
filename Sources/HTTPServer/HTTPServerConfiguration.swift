/// The settings that all parts of one server share.
struct HTTPServerConfiguration: Sendable {
    let handler: any HTTPHandler
    let observer: (any HTTPServerObserver)?
    let limits: HTTPServerLimits
    let notes: ResponseNotes
    var proxies = TrustedProxies()
    /// Seconds since 1970 UTC for the Date field; nil takes the system's.
    var date: (@Sendable () -> Int)?
}
