/// The version of all that is built here: the command, the agent, the frames' writer. The one place
/// where it stands.
public enum Release {
  public static let version = "0.3.0"
}
