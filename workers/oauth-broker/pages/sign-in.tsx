import { Layout } from "./layout.tsx";

/** Asks with which provider a person signs in. */
export function SignInPage({
  providers,
  returnTo,
}: {
  providers: { name: string; title: string }[];
  returnTo: string;
}) {
  return (
    <Layout title="Sign in">
      <form method="post" action="/sign-in">
        <input type="hidden" name="return" value={returnTo} />
        {providers.map(({ name, title }) => (
          <button class="main" type="submit" name="provider" value={name}>
            Continue with {title}
          </button>
        ))}
      </form>
    </Layout>
  );
}
