import '@mantine/core/styles.css'
import '@mantine/notifications/styles.css'
import './tokens.css'
import './page.css'
import { ModalsProvider } from '@mantine/modals'
import { Notifications } from '@mantine/notifications'
import { QueryClientProvider } from '@tanstack/react-query'
import { NuqsAdapter } from 'nuqs/adapters/react'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app'
import { MessagesProvider } from './messages/messages'
import { createQueryClient } from './session/query-client'
import { Theme } from './theme'
import { keepPage } from './upload/keep-page'

const root = document.getElementById('root')
if (!root) throw new Error('The page has no root.')
keepPage()

createRoot(root).render(
  <StrictMode>
    <MessagesProvider>
      <Theme>
        <QueryClientProvider client={createQueryClient()}>
          <NuqsAdapter>
            <ModalsProvider>
              <Notifications position="bottom-center" />
              <App />
            </ModalsProvider>
          </NuqsAdapter>
        </QueryClientProvider>
      </Theme>
    </MessagesProvider>
  </StrictMode>,
)
