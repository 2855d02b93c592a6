import { Layout } from "./layout.tsx";

/** Asks whether an account that is new here is of somebody who is known by another one. */
export function LinkPage({ account, known, as }: { account: string; known: string; as: string }) {
  return (
    <Layout title="Is that you?">
      <p>
        Somebody with your verified e-mail address has signed in before, with <strong>{known}</strong> as{" "}
        <strong>{as}</strong>.
      </p>
      <p>
        If that was you, link the two: you then have the same access whichever you sign in with. To prove it, you sign
        in with {known} once more.
      </p>
      <form method="post">
        <div class="actions">
          <button class="main" type="submit" name="decision" value="link">
            That is me: link with {known}
          </button>
          <button type="submit" name="decision" value="apart">
            Keep apart
          </button>
        </div>
      </form>
      <p>
        <small>
          Kept apart, your {account} account stays a person of its own here, with its own access and connections. You
          are not asked again.
        </small>
      </p>
    </Layout>
  );
}
