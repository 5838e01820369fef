/// Actions on a running sandbox, for clients in any language: `POST /_sandbox/NAME` with a JSON object. Each calls a
/// function of `DynamoSandbox`. `Sandbox/README.md` lists the members of each.
enum RemoteAction: String, Sendable, CaseIterable {
    case shards
    case split
    case rotate
    case close
    case trim
    case remove
    case hide
    case lookOpen = "look-open"
    case resetListing = "reset-listing"
    case expire
    case appendRecord = "append-record"
    case obstruct
    case fault
    case clearFaults = "clear-faults"
    case advanceClock = "advance-clock"
    case configure
    case completeTransitions = "complete-transitions"
    case calls
    case forgetCalls = "forget-calls"

    /// The paths of the actions begin with this.
    static let pathPrefix = "/_sandbox/"

    /// The members that the action's object may have.
    var members: [String] {
        switch self {
        case .shards: ["table"]
        case .split, .rotate: ["table", "shard", "hiddenListings"]
        case .close, .remove: ["table", "shard"]
        case .trim: ["table", "shard", "through"]
        case .hide: ["table", "shard", "listings"]
        case .lookOpen: ["table", "shard", "neverEnds"]
        case .expire: ["table", "key"]
        case .appendRecord: ["table", "key", "eventName", "eventVersion"]
        case .obstruct: ["table", "obstacle", "key", "backup"]
        case .fault: FaultReader.members
        case .advanceClock: ["seconds"]
        case .configure: SettingsReader.members
        case .calls: ["operation"]
        case .resetListing, .clearFaults, .completeTransitions, .forgetCalls: []
        }
    }
}
