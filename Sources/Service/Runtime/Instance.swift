import ReplicaStore

/// This process, as other replicas know it.
enum Instance {
    /// A random id of 12 characters of `a-z2-7`, one a process.
    static let id = Epoch.random().text
}
